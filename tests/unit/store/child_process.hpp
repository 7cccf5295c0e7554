// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run of store_child: another process on the same database. Killed and reaped at the end.

#include "common/os/fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace holdfast::store::test {

class Child {
 public:
  explicit Child(const std::vector<std::string>& arguments);
  Child(Child&&) noexcept;
  Child(const Child&) = delete;
  ~Child();

  std::optional<std::string> read_line();  // blocks; nullopt at the end of its output
  void go();                               // lets a child that waits for its start run
  void kill();                             // SIGKILL, and reaps it
  int wait();                              // its exit status; 128 + signal if it was killed
  int output() const { return output_.get(); }

 private:
  pid_t pid_ = -1;
  Fd input_;
  Fd output_;
  std::string buffer_;
};

}  // namespace holdfast::store::test
