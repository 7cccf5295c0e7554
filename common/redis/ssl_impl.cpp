// SPDX-License-Identifier: Apache-2.0
// Asio's TLS code, compiled once.
#include <boost/asio/ssl/impl/src.hpp>
