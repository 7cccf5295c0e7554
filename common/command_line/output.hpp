// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a command has printed is in a buffer until its end, and may not get where it should: the
// disk may be full. Then the command has failed, as with coreutils.
//
// Threads: the main one.

#include <string_view>

namespace holdfast::command_line {

// To standard error, with a newline. It may quote what others have written, in a file or as a name:
// nothing in it moves the cursor or hides text (common/text/terminal.hpp).
void complain(std::string_view text);

// Whether everything printed to standard output so far has been taken. A reader that has gone, as
// `head` does, had what it wanted.
bool flush_output();

// For the end of main(): the exit code, or kFailed with a message if it was 0 and standard output
// could not be written.
int finish_output(std::string_view program, int exit_code);

}  // namespace holdfast::command_line
