// SPDX-License-Identifier: Apache-2.0
#pragma once

// TLS to a Redis server: whom this client trusts, and what it shows of itself. Threads: any;
// immutable once made.

#include "common/base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace holdfast::redis {

struct TlsFiles {
  std::filesystem::path ca;    // empty: the system's certificate authorities
  std::filesystem::path cert;  // empty: none is shown
  std::filesystem::path key;
};

// TLS 1.2 or newer; the server's certificate must be valid. Reads the files, and the system's
// authorities, which takes some milliseconds: not on an event loop. The error names the file.
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files);

// How a connection is encrypted.
struct Tls {
  std::shared_ptr<boost::asio::ssl::context> context;  // null: not at all
  std::string host;                                    // that the certificate must be of
};

}  // namespace holdfast::redis
