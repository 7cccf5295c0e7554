// SPDX-License-Identifier: Apache-2.0
#pragma once

// The exit codes of Holdfast's programs. From 64 upward they are those of sysexits.h, which service
// managers know too: the supervisor never restarts a worker that ends with kConfig.

namespace holdfast::exit_code {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;        // a command: degraded, refused or failed
inline constexpr int kUsage = 2;         // wrong arguments, as with a shell's builtins
inline constexpr int kUnreachable = 4;   // a command: no supervisor answers, or it may not be asked
inline constexpr int kUnavailable = 69;  // EX_UNAVAILABLE: what it needs is taken, or gone
inline constexpr int kSoftware = 70;     // EX_SOFTWARE: a failure at run time
inline constexpr int kCantCreate = 73;   // EX_CANTCREAT: a directory or socket cannot be created
inline constexpr int kConfig = 78;       // EX_CONFIG: a restart cannot help
inline constexpr int kNotExecuted = 127;  // a child that never became its program, as in a shell

}  // namespace holdfast::exit_code
