// SPDX-License-Identifier: Apache-2.0
#include "common/redis/tls.hpp"

#include <boost/asio/ssl/context.hpp>

namespace holdfast::redis {

namespace {

namespace ssl = boost::asio::ssl;

Result<void> checked(const boost::system::error_code& error, const std::filesystem::path& file) {
  if (!error) return {};
  return fail(ErrorKind::InvalidArgument,
              fmt::format("TLS: '{}': {}", file.native(), error.message()));
}

}  // namespace

Result<std::shared_ptr<ssl::context>> make_tls_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                       ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  if (files.ca.empty()) {
    context->set_default_verify_paths(error);
    HOLDFAST_TRY(checked(error, "the system's certificate authorities"));
  } else {
    context->load_verify_file(files.ca, error);
    HOLDFAST_TRY(checked(error, files.ca));
  }
  if (!files.cert.empty()) {
    context->use_certificate_chain_file(files.cert, error);
    HOLDFAST_TRY(checked(error, files.cert));
    context->use_private_key_file(files.key, ssl::context::pem, error);
    HOLDFAST_TRY(checked(error, files.key));
  }
  context->set_verify_mode(ssl::verify_peer, error);
  HOLDFAST_TRY(checked(error, "verification"));
  return context;
}

}  // namespace holdfast::redis
