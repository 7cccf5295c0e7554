// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where finished lines go, through spdlog (output.cpp is the only file that sees it).
//
// Threads: write() and dropped() from any thread; destroyed once, by the last Logger.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace holdfast::log {

class Output {
 public:
  virtual ~Output() = default;  // flushes: a stuck reader is given two seconds
  virtual void write(std::string_view line) = 0;
  virtual std::uint64_t dropped() const = 0;
};

std::unique_ptr<Output> make_direct_output(int fd);
std::unique_ptr<Output> make_queued_output(int fd);  // see Options::async
std::unique_ptr<Output> make_forwarding_output(std::function<void(std::string_view)> write);

}  // namespace holdfast::log
