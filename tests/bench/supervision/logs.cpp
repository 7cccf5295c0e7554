// SPDX-License-Identifier: Apache-2.0
// A program that writes as fast as it can. Every line is counted in the file, so losing lines does
// not look fast.
#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"
#include "tests/bench/supervision/parts.hpp"
#include "tests/bench/supervision/peers.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;

constexpr long kLines = 1'000'000;
constexpr std::string_view kPayload = "xxxxxxxxxxxxxxxxxxxx";

// Lines of the child that have arrived since the last call.
class LogReader {
 public:
  explicit LogReader(std::filesystem::path file) : file_(std::move(file)) {}

  long take() {
    if (!in_.is_open()) in_.open(file_, std::ios::binary);
    if (!in_.is_open()) return 0;
    in_.clear();
    long lines = 0;
    while (in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size())),
           in_.gcount() > 0) {
      rest_.append(buffer_.data(), static_cast<std::size_t>(in_.gcount()));
      std::size_t begin = 0;
      for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos;
           begin = end + 1) {
        // The supervisor's own lines are there as well.
        const std::string_view line = std::string_view(rest_).substr(begin, end - begin);
        if (line.find(kPayload) != std::string_view::npos) ++lines;
      }
      rest_.erase(0, begin);
      in_.clear();
    }
    return lines;
  }

 private:
  std::filesystem::path file_;
  std::ifstream in_;
  std::string rest_;
  std::array<char, 1 << 18> buffer_{};
};

}  // namespace

void bench_logs(const Options& options) {
  Table table(fmt::format("{} lines of 100 bytes from one program into a file (medians of {})",
                          kLines, options.runs),
              {"", "seconds", "M lines/s", "its CPU ms", "M lines per CPU second", "lines"});
  for (const auto& peer : installed_peers()) {
    // The others leave the output to the children.
    const bool relays = peer->name() == "supervisord" || peer->name() == "holdfast";
    if (!relays || !options.wants(peer->name())) continue;
    std::vector<double> seconds;
    std::vector<double> cpu;
    long lines = 0;
    for (int run = 0; run < options.runs; ++run) {
      const test::TempDir directory;
      Stamps stamps(directory / "stamps");
      Workload workload;
      workload.lines = kLines;
      LogReader log(directory / "log");
      const auto running = peer->start(workload, directory.path(), directory / "stamps");
      const std::int64_t began = last_of(stamps.take(1, 60s));
      const double before = footprint_of(running->pid()).cpu_ms;
      lines = 0;
      test::wait_until([&] { return (lines += log.take()) >= kLines; }, 300s);
      seconds.push_back(ms_between(began, now_ns()) / 1000);
      cpu.push_back(footprint_of(running->pid()).cpu_ms - before);
      if (peer->name() == "supervisord")
        test::wait_until([] { return false; }, 1500ms);  // startsecs
      running->stop();
    }
    const auto rate = [](double time) { return static_cast<double>(kLines) / time / 1e6; };
    table.add({peer->name(), number(median(seconds), 2), number(rate(median(seconds)), 2),
               number(median(cpu)), number(rate(median(cpu) / 1000), 2), std::to_string(lines)});
  }
  table.print();
}

}  // namespace holdfast::bench
