// SPDX-License-Identifier: Apache-2.0

// bench_relay [LINES [PART]]: lines of 100 bytes per second from a child's pipe into a file, beside
// the floor: the same child, with its bytes copied without being parsed. PART: only what has it in
// its name.
//
// The CPU time is the reader's only, so lines per CPU second is what an idle core would reach, even
// on a busy machine. Every line is counted in the file, so losing lines does not look fast.

#include "supervisor/logs/file_sink.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/process/launcher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::process;

namespace {

constexpr const char* kLog = "bench_relay.log";

struct Source {
  Launched child;
  Fd pipe;
};

Source start(const std::string& flood, const std::string& lines) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  const Fd writer(ends[1]);
  LaunchSpec spec;
  spec.executable = MISBEHAVE_PATH;
  spec.argv = {"misbehave", flood, lines, "--exit", "0"};
  spec.fds = {{1, writer.get()}};
  Launcher launcher;
  auto launched = launcher.launch(spec);
  if (!launched) std::abort();
  return {std::move(*launched), Fd(ends[0])};
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long count_lines() {
  const Fd fd(::open(kLog, O_RDONLY | O_CLOEXEC));
  std::vector<char> buffer(1 << 20);
  long lines = 0;
  for (ssize_t n = 0; (n = ::read(fd.get(), buffer.data(), buffer.size())) > 0;)
    lines += std::count(buffer.begin(), buffer.begin() + n, '\n');
  return lines;
}

template <class Body>
void measure(std::string_view name, const std::string& flood, const std::string& lines,
             Body&& body) {
  std::remove(kLog);
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  Source source = start(flood, lines);
  body(source);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  const double used = cpu_seconds() - cpu;
  const long got = count_lines();
  fmt::print("{:<34} {:>6.2f} M lines/s   {:>6.2f} M lines per CPU second   {} of {} lines\n", name,
             static_cast<double>(got) / wall.count() / 1e6, static_cast<double>(got) / used / 1e6,
             got, lines);
  ::waitpid(source.child.pid, nullptr, 0);
  std::remove(kLog);
}

void copy(Source& source) {
  const Fd out(::open(kLog, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ::fcntl(source.pipe.get(), F_SETPIPE_SZ, 1 << 20);
  std::vector<char> buffer(1 << 18);
  for (ssize_t n = 0; (n = ::read(source.pipe.get(), buffer.data(), buffer.size())) > 0;) {
    if (::write(out.get(), buffer.data(), static_cast<std::size_t>(n)) != n) std::abort();
  }
}

void relay(Source& source, LineSource writer) {
  const SystemClock clock;
  LogRelay log(std::move(*make_file_sink(kLog, 0, 1, clock)), {}, nullptr, clock);
  if (!log.start()) std::abort();
  (void)log.add_stream({{{1, 0}, 1},
                        "api-worker.0",
                        source.child.pid,
                        StreamKind::Stdout,
                        std::move(source.pipe),
                        "",
                        writer});
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(source.child.pid), &info, WEXITED | WNOWAIT);
  log.flush_and_stop(clock.mono() + std::chrono::minutes(1));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string lines = argc > 1 ? argv[1] : "2000000";
  const std::string_view part = argc > 2 ? argv[2] : "";
  const auto own = [](Source& source) { relay(source, LineSource::Own); };
  const auto foreign = [](Source& source) { relay(source, LineSource::Foreign); };
  const auto run = [&](std::string_view name, const char* flood, const auto& body) {
    if (name.find(part) != std::string_view::npos) measure(name, flood, lines, body);
  };
  run("floor: bytes copied", "--flood-json", copy);
  run("relay: own JSON, 40 lines a write", "--flood-json", own);
  run("relay: foreign JSON, 40 a write", "--flood-json", foreign);
  run("relay: text, 40 lines a write", "--flood-log", foreign);
  run("floor: one line a write", "--flood-log-lines", copy);
  run("relay: text, one line a write", "--flood-log-lines", foreign);
}
