// SPDX-License-Identifier: Apache-2.0
#include "common/command_line/output.hpp"

#include "common/os/exit_codes.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>

namespace holdfast::command_line {

namespace {

bool reader_has_gone() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

}  // namespace

void complain(std::string_view text) {
  fmt::print(stderr, "{}\n", text::for_terminal(text));
}

bool flush_output() {
  const bool failed = std::fflush(stdout) != 0;
  return (!failed && std::ferror(stdout) == 0) || reader_has_gone();
}

int finish_output(std::string_view program, int exit_code) {
  if (flush_output() || exit_code != exit_code::kOk) return exit_code;
  fmt::print(stderr, "{}: standard output cannot be written; is the disk full?\n", program);
  return exit_code::kFailed;
}

}  // namespace holdfast::command_line
