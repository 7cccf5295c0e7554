// SPDX-License-Identifier: Apache-2.0
#pragma once

// Asio's objects on the concrete executor (the type-erased default costs on every operation), and
// any stream socket, TCP or Unix, as one type.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>

namespace holdfast::http {

using Executor = boost::asio::io_context::executor_type;
using StreamSocket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;
using SteadyTimer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace holdfast::http
