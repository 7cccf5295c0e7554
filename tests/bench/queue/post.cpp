// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/queue/figures.hpp"
#include "tests/bench/queue/peers.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace holdfast::bench {

namespace {

constexpr int kRate = 1000;
constexpr int kSeconds = 5;

struct Paced {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
  double left = -1;  // jobs that were not done when the last one was stored
};

std::string configuration(const std::filesystem::path& directory) {
  return "[listen.http]\naddress = \"127.0.0.1:0\"\n[log]\nfile = \"" +
         (directory / "log").native() +
         "\"\n[program.queue-worker]\ncommand = [\"holdfast-queue-worker\"]\n"
         "after = [\"migrate\"]\n" +
         test::api_workers(2, "", "\"queue-worker\"");
}

// bench_http_load against the whole stack.
Paced post(Beds& beds, const std::string& url) {
  test::Stack stack(configuration(beds.fresh_directory()),
                    {{"DATABASE_URL", url}, {"RATE_LIMIT_MAX", "1000000000"}});
  stack.wait_ready();
  const std::string address = stack.address_of("http");
  const nlohmann::json body{{"title", "a title"}, {"content", new_document().content}};
  const auto load = [&](int seconds) {
    return test::run_program({test::bin_dir() / "bench_http_load", "pace",
                              address.substr(address.rfind(':') + 1), std::to_string(kRate),
                              std::to_string(seconds), "POST", "/api/documents", body.dump()});
  };
  load(1);  // the first of everything
  const test::Finished finished = load(kSeconds);
  Paced found;
  int failed = 0;
  const char* const format = "%*d requests, %d failed, p50 %lf ms, p99 %lf ms, max %lf ms";
  if (std::sscanf(finished.output.c_str(), format, &failed, &found.p50, &found.p99, &found.max) !=
          4 ||
      failed > 0) {
    throw std::runtime_error("POST: " + finished.output);
  }
  const auto queue = nlohmann::json::parse(stack.get("/api/queue").body);
  found.left = queue.value("ready", 0.0) + queue.value("running", 0.0);
  return found;
}

Paced peer_paced(const std::string& peer, const std::string& url) {
  const test::Process worker = start_peer_worker(peer, url, 0);
  const auto result = run_peer(peer, "paced", url, {kRate, kSeconds});
  return {result["p50"], result["p99"], result["max"]};
}

void add_paced(Figures& figures, const std::string& row, const Paced& found) {
  figures.add(row, "p50", found.p50);
  figures.add(row, "p99", found.p99);
  figures.add(row, "max", found.max);
  if (found.left >= 0) figures.add(row, "jobs left", found.left);
}

}  // namespace

void bench_post(const Options& options, Beds& beds) {
  Figures figures("1,000 jobs/s while the worker drains: when a job was due to its answer, ms",
                  {"p50", "p99", "max", "jobs left"});
  for (int run = 0; run < options.runs; ++run) {
    for (const std::string& engine : kEngines) {
      if (!options.wants(engine)) continue;
      const Database database(beds, engine);
      add_paced(figures, engine + ", POST", post(beds, database.url()));
    }
    for (const std::string& peer : peers(options)) {
      try {
        add_paced(figures, peer + ", no HTTP", peer_paced(peer, fresh_url_for(beds, peer)));
      } catch (const std::runtime_error& error) {  // it gives up where the machine is too slow
        fmt::print(stderr, "{}\n", error.what());
      }
    }
  }
  figures.print(2);
}

}  // namespace holdfast::bench
