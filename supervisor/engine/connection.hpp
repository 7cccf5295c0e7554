// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connecting without blocking. Threads: that of `io`.

#include "common/net/url.hpp"
#include "common/os/fd.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>

namespace holdfast::supervisor {

// Connects to the host and port of an http:// URL with a literal address or "localhost" (127.0.0.1,
// then ::1). `done` is called once, not inside this call, from the thread of `io`; whoever waits
// sets the limit in time.
void connect(boost::asio::io_context& io, const net::Url& url,
             std::function<void(Result<Fd>)> done);

}  // namespace holdfast::supervisor
