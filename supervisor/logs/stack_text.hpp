// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the lines of a stack trace look: Java's, Python's, Node's, Go's, Ruby's, .NET's, PHP's,
// Rust's and C++'s.
//
// Threads: any; pure. A line is given without its newline.

#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

// How a stack trace begins, which decides what else belongs to it.
enum class StackKind {
  None,    // a plain line; only a frame can follow it
  Error,   // an error, an exception: what is indented, or caused it, follows
  Python,  // "Traceback (most recent call last):"
  Go,      // "panic: ", "fatal error: ", "goroutine 1 [running]:"
  Rust,    // "thread 'main' panicked at …"
  Node,    // "/app/server.js:10": the place, with the exception after it
};
StackKind stack_begins(std::string_view line);

// "    at f (a.js:1)", "  File \"a.py\", line 1", "\tfrom a.rb:1:in `f'", "\t... 3 more"
bool is_frame(std::string_view line);
// "#0 a.php(3): f()", "a.rb:1:in `f'": a frame if what comes before it is a trace.
bool may_be_frame(std::string_view line);
// "Caused by: …", "During handling of the above exception, …", "goroutine 7 [select]:" and the
// like: what connects one part of a trace with the next.
bool is_link(std::string_view line);
// "java.lang.IllegalStateException: no route", "TypeError: x", "a.rb:1:in `f': x (ArgumentError)"
bool is_exception(std::string_view line);
// "main.(*Server).run(0xc000, 0x1)"
bool is_go_function(std::string_view line);

// What a whole trace says of its error. Views into `text`.
struct StackSummary {
  std::string_view type;     // "TypeError", "panic"; empty: it is not clear
  std::string_view message;  // one line
};
StackSummary summary_of_stack(std::string_view text);

}  // namespace holdfast::supervisor::logs
