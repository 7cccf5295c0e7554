// SPDX-License-Identifier: Apache-2.0
#pragma once

// Opening sockets that others connect or send to. Every socket is non-blocking and close-on-exec.
// Threads: any. No function asks a name server.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace holdfast::net {

inline constexpr mode_t kUnixListenerMode = 0660;

// Those that clients send along. Refused: from before the first client comes; see
// refuse_descriptors.hpp.
enum class Descriptors { Refused, Taken };

// Besides which sockets a TCP listener may be bound. OfSameUser: besides those of this user that
// have SO_REUSEPORT at that moment. The kernel takes "0.0.0.0:80" while "127.0.0.1:80" is in use
// only so; the more specific one gets the connections to its own address.
enum class BoundBeside { Nothing, OfSameUser };

// Listens on "address:port", "[v6]:port" or "unix:/path" (see parse_listen_address()). TCP:
// SO_REUSEADDR, and "[::]" takes IPv4 as well. Unix: as listen_unix_socket(), mode 0660, and takes
// descriptors, since any program may serve it. Errors say what to do.
Result<Fd> open_listener(std::string_view address, std::uint32_t backlog = 1024,
                         BoundBeside beside = BoundBeside::Nothing);
// Whether a TCP listener may be bound besides others, from now on.
void let_bind_beside(int listener, bool let);

// Whether a listening socket no longer takes connections because a process that shares it has shut
// it down (shutdown(2)), which holds for all of them.
bool is_shut_down(int listener);

// Makes a TCP listener that was shut down listen again, at `address` as address_of() gave it: the
// same socket, for all who share it. Not for a Unix socket, which has to be made anew.
Result<void> listen_again(int listener, std::string_view address, std::uint32_t backlog);

// Listens on a path. A socket that nobody listens on is replaced, since a process that was killed
// leaves its own behind; one that is in use, or another kind of file, is a Conflict.
Result<Fd> listen_unix_socket(const std::filesystem::path& path, mode_t mode, std::uint32_t backlog,
                              Descriptors descriptors = Descriptors::Refused);

// Binds a socket of `type` (SOCK_DGRAM or SOCK_STREAM) to a path, whose file has `mode`, whatever
// the umask, and is never open to more. Replaces any socket at that path; another kind of file is a
// Conflict. InvalidArgument if the path is longer than kMaxUnixPath.
Result<Fd> bind_unix_socket(int type, const std::filesystem::path& path, mode_t mode,
                            Descriptors descriptors = Descriptors::Refused);

// The address that a socket is bound to: "127.0.0.1:41234", "[::1]:80", "unix:/path".
Result<std::string> address_of(int socket);

}  // namespace holdfast::net
