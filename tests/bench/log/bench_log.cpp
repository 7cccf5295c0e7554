// SPDX-License-Identifier: Apache-2.0
// What one access-log line costs its caller, to a descriptor that costs nothing: nanoseconds of the
// calling thread's CPU time, the best of many short rounds, so that a busy machine does not tell.
#include "common/log/json_line.hpp"
#include "common/os/fd.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace {

using namespace holdfast;

constexpr int kLines = 20'000;
constexpr int kRounds = 50;

double thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class Run>
void measure(const char* name, Run run) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = thread_cpu_ns();
    for (int i = 0; i < kLines; ++i)
      run(i);
    const double each = (thread_cpu_ns() - begin) / kLines;
    if (round == 0 || each < best) best = each;
  }
  fmt::print("{:<32} {:7.1f} ns/line\n", name, best);
}

void access_line(const log::Logger& logger, int i) {
  logger.info("request completed", {{"method", "GET"},
                                    {"path", "/api/documents/6f2c1a9e-0000-4000-8000-0123456789ab"},
                                    {"status", 200},
                                    {"bytes", 1024 + i},
                                    {"duration_ms", 0.25},
                                    {"client", "192.0.2.17"}});
}

}  // namespace

int main() {
  const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!null) return EXIT_FAILURE;
  {
    const SystemClock clock;
    const std::string_view bound = ",\"request_id\":\"6f2c1a9e-0000-4000-8000-0123456789ab\"";
    const log::Field fields[] = {
        {"method", "GET"},     {"path", "/api/documents/6f2c1a9e-0000-4000-8000-0123456789ab"},
        {"status", 200},       {"bytes", 1024},
        {"duration_ms", 0.25}, {"client", "192.0.2.17"}};
    std::size_t total = 0;
    measure("format only (JSON)", [&](int) {
      log::Buffer line;
      log::append_json_line(line, clock.wall(), log::Level::Info, "request completed", bound,
                            fields);
      total += line.size();
    });
    if (total == 0) return EXIT_FAILURE;
  }
  {
    const log::Logger logger({.fd = null.get()});
    const auto child = logger.with({{"request_id", "6f2c1a9e-0000-4000-8000-0123456789ab"}});
    measure("JSON, one write(2) each", [&](int i) { access_line(child, i); });
    measure("below the level", [&](int) { child.debug("no", {{"k", 1}}); });
  }
  {
    const log::Logger logger({.async = true, .fd = null.get()});
    const auto child = logger.with({{"request_id", "6f2c1a9e-0000-4000-8000-0123456789ab"}});
    measure("JSON, queued (caller's share)", [&](int i) { access_line(child, i); });
    fmt::print("{:<32} {} of {}\n", "  dropped by the queue", logger.dropped(), kRounds * kLines);
  }
  {
    const log::Logger logger({.format = log::Format::Pretty, .fd = null.get()});
    measure("pretty, one write(2) each", [&](int i) { access_line(logger, i); });
  }
  return EXIT_SUCCESS;
}
