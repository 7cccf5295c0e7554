// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/measure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace holdfast::bench {

namespace fs = std::filesystem;

namespace {

// bench_child, also where it is started by the name `run`.
bool is_child(std::string_view name) {
  return name.starts_with("bench_child") || name == "run\n";
}

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t entries(const fs::path& directory) {
  std::error_code error;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory, error), fs::directory_iterator{}));
}

double pss_mib(const fs::path& process) {
  std::istringstream text(slurp(process / "smaps_rollup"));
  for (std::string key; text >> key;) {
    double kib = 0;
    if (key == "Pss:" && text >> kib) return kib / 1024;
  }
  return 0;
}

// Of each thread, to the nanosecond: utime and stime of a process are counted in ticks of 10 ms.
double cpu_ms(const fs::path& process) {
  double sum = 0;
  std::error_code error;
  for (const auto& task : fs::directory_iterator(process / "task", error)) {
    std::istringstream text(slurp(task.path() / "schedstat"));
    double ns = 0;
    if (text >> ns) sum += ns / 1e6;
  }
  return sum;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> result;
  std::error_code error;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::istringstream text(slurp(task.path() / "children"));
    for (pid_t child = 0; text >> child;)
      result.push_back(child);
  }
  return result;
}

}  // namespace

Stamps::Stamps(const fs::path& path) {
  if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo " + path.native());
  fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) throw std::runtime_error("open " + path.native());
}

Stamps::~Stamps() {
  ::close(fd_);
}

std::vector<Stamp> Stamps::take(std::size_t count, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::vector<Stamp> result;
  while (result.size() < count) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error(
          fmt::format("{} of {} children began within {} s", result.size(), count, limit.count()));
    }
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, 100) <= 0) continue;
    // Children that come later than asked for are the next caller's.
    std::array<Stamp, 64> some;
    const std::size_t room = std::min(some.size(), count - result.size());
    const ssize_t got = ::read(fd_, some.data(), room * sizeof(Stamp));
    if (got <= 0) continue;
    const auto number = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(got) / sizeof(Stamp));
    result.insert(result.end(), some.begin(), some.begin() + number);
  }
  return result;
}

void Stamps::forget() {
  std::array<char, 4096> ignored;
  while (::read(fd_, ignored.data(), ignored.size()) > 0) {
  }
}

Footprint footprint_of(pid_t supervisor) {
  Footprint result;
  std::vector<pid_t> open{supervisor};
  while (!open.empty()) {
    const pid_t pid = open.back();
    open.pop_back();
    const fs::path process = fmt::format("/proc/{}", pid);
    if (is_child(slurp(process / "comm"))) continue;
    ++result.processes;
    result.descriptors += entries(process / "fd");
    result.pss_mib += pss_mib(process);
    result.cpu_ms += cpu_ms(process);
    for (const pid_t child : children_of(pid))
      open.push_back(child);
  }
  return result;
}

std::int64_t last_of(const std::vector<Stamp>& stamps) {
  std::int64_t last = 0;
  for (const Stamp& stamp : stamps)
    last = std::max(last, stamp.at_ns);
  return last;
}

double percentile(std::vector<double> sample, double share) {
  if (sample.empty()) return 0;
  std::sort(sample.begin(), sample.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sample.size()));
  return sample[std::min(at, sample.size() - 1)];
}

}  // namespace holdfast::bench
