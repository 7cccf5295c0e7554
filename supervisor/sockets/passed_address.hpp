// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a socket that systemd passed listens, against what [listen.NAME] says.
//
// Threads: any. Errors: none.

#include <string>
#include <string_view>

namespace holdfast::supervisor::sockets {

// Whether `socket`, bound at `bound` as net::address_of() gave it, listens where `configured` says.
// Port 0 stands for any port, and "[::]" is "0.0.0.0" as well, unless the socket is for IPv6 only
// (`ListenStream=3000` means both). What no configuration can name, as an abstract Unix socket, is
// taken for what was meant.
bool listens_at(int socket, std::string_view bound, std::string_view configured);

// `bound` in quotes, and whether it is for IPv6 only if one might think that it is not.
std::string describe_passed(int socket, std::string_view bound);

}  // namespace holdfast::supervisor::sockets
