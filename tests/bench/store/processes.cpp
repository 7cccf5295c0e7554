// SPDX-License-Identifier: Apache-2.0
// Several processes on one file: does each get its turn?

#include "common/os/fd.hpp"
#include "tests/bench/store/bench.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace holdfast::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct Figures {
  std::uint64_t operations = 0;
  double p50 = 0;
  double p99 = 0;
  double longest = 0;
};

Figures repeat_until(Clock::time_point end, const std::function<std::uint64_t()>& operation) {
  Figures figures;
  Latencies latencies;
  while (Clock::now() < end) {
    const auto before = Clock::now();
    figures.operations += operation();
    latencies.add(Clock::now() - before);
  }
  figures.p50 = latencies.percentile(0.5);
  figures.p99 = latencies.percentile(0.99);
  figures.longest = latencies.percentile(1);
  return figures;
}

Figures create_flat_out(store::Store& store, Clock::time_point end) {
  return repeat_until(end, [&]() -> std::uint64_t {
    await<store::Created>([&](auto done) { store.create_document(make_document(), done); });
    return 1;
  });
}

// One fenced completion at a time, as a worker with real work would; latency is of a claim and all
// that follows from it.
Figures work_flat_out(store::Store& store, Clock::time_point end) {
  store::ClaimRequest request;
  request.worker_id = register_worker(store);
  request.limit = 16;
  return repeat_until(end, [&]() -> std::uint64_t {
    const auto jobs =
        await<std::vector<store::Job>>([&](auto done) { store.claim(request, done); });
    for (const store::Job& job : jobs) {
      await<void>([&](auto done) { store.complete({job.id, job.fence}, done); });
    }
    return jobs.size();
  });
}

using Role = Figures (*)(store::Store&, Clock::time_point);

Fd spawn(const Database& database, Role role, Clock::time_point end) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  Fd reading(ends[0]);
  const Fd writing(ends[1]);
  const pid_t pid = ::fork();  // not executed: it runs code of this program
  if (pid < 0) throw std::runtime_error("fork");
  if (pid != 0) return reading;
  Figures figures;
  {
    const auto store = database.open();
    figures = role(*store, end);
  }
  const bool written = ::write(writing.get(), &figures, sizeof figures) == sizeof figures;
  ::_exit(written ? 0 : 1);
}

void run(const std::filesystem::path& parent, double seconds, const std::string& name,
         const std::vector<std::pair<std::string, Role>>& roles) {
  const Database database(parent);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  std::vector<Fd> results;
  for (const auto& [label, role] : roles)
    results.push_back(spawn(database, role, end));
  for (std::size_t i = 0; i < roles.size(); ++i) {
    Figures figures;
    if (::read(results[i].get(), &figures, sizeof figures) != sizeof figures) {
      throw std::runtime_error("a child failed");
    }
    fmt::print("{:<58} {:>9.0f}/s   p50 {:6.3f} ms  p99 {:7.3f} ms  max {:7.3f} ms\n",
               fmt::format("{}: {}", name, roles[i].first),
               static_cast<double>(figures.operations) / seconds, figures.p50, figures.p99,
               figures.longest);
  }
  while (::wait(nullptr) > 0 || errno == EINTR) {
  }
}

}  // namespace

void bench_processes(const std::filesystem::path& parent, double seconds) {
  run(parent, seconds, "2 processes, 1 caller each",
      {{"create #1", create_flat_out}, {"create #2", create_flat_out}});
  run(parent, seconds, "4 processes, 1 caller each",
      {{"create #1", create_flat_out},
       {"create #2", create_flat_out},
       {"create #3", create_flat_out},
       {"create #4", create_flat_out}});
  run(parent, seconds, "API and worker", {{"create", create_flat_out}, {"jobs", work_flat_out}});
}

}  // namespace holdfast::bench
