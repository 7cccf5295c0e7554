// SPDX-License-Identifier: Apache-2.0
// fetch() over TLS: the certificate decides.
#include "common/http/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL_free>>;

// Signed by itself, valid for an hour, for this DNS name.
Certificate certify(EVP_PKEY* key, const std::string& dns_name) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  const std::string names = "DNS:" + dns_name;
  for (const auto& [nid, value] :
       {std::pair<int, std::string>{NID_basic_constraints, "critical,CA:TRUE"},
        std::pair<int, std::string>{NID_subject_alt_name, names}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  REQUIRE(X509_sign(x, key, EVP_sha256()) > 0);
  return certificate;
}

// Answers each connection with a fixed response over TLS.
ScriptedPeer::Script tls_script(SSL_CTX* context) {
  return [context](RawClient& client) {
    const Session session(SSL_new(context));
    SSL_set_fd(session.get(), client.fd());
    if (SSL_accept(session.get()) != 1) return;
    std::string head;
    char byte = 0;
    while (head.find("\r\n\r\n") == std::string::npos && SSL_read(session.get(), &byte, 1) == 1) {
      head += byte;
    }
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(session.get());
  };
}

struct Tls {
  explicit Tls(const std::string& dns_name)
      : key(EVP_EC_gen("P-256")),
        certificate(certify(key.get(), dns_name)),
        context(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    std::FILE* file = std::fopen((dir / "ca.pem").string().c_str(), "w");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
  }
  TempDir dir;
  Key key;
  Certificate certificate;
  Context context;
};

// OpenSSL's own variable for the system's trust store.
struct Trusting {
  explicit Trusting(const std::string& file) { ::setenv("SSL_CERT_FILE", file.c_str(), 1); }
  ~Trusting() { ::unsetenv("SSL_CERT_FILE"); }
  Trusting(const Trusting&) = delete;
  Trusting& operator=(const Trusting&) = delete;
};

std::string https(const ScriptedPeer& peer) {
  return "https://localhost:" + std::to_string(peer.port) + "/";
}

}  // namespace

TEST_CASE("A certificate that a trusted authority signed for this name is accepted") {
  Tls tls("localhost");
  const Trusting trust((tls.dir / "ca.pem").string());
  ScriptedPeer peer(tls_script(tls.context.get()));
  const auto result = fetch("GET", https(peer), {}, "");
  REQUIRE(result);
  CHECK(result->body == "secret");
}

TEST_CASE("A certificate that nobody trusted signed is refused") {
  Tls tls("localhost");
  ScriptedPeer peer(tls_script(tls.context.get()));
  const auto result = fetch("GET", https(peer), {}, "");
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::Unavailable);
}

TEST_CASE("An authority of the caller's own is trusted besides the system's") {
  Tls tls("localhost");
  FetchOptions options;
  options.ca_file = tls.dir / "ca.pem";
  ScriptedPeer peer(tls_script(tls.context.get()));
  REQUIRE(fetch("GET", https(peer), {}, "", options));
  options.ca_file = "/nonexistent.pem";
  const auto refused = fetch("GET", https(peer), {}, "", options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::InvalidArgument);
}

TEST_CASE("A trusted certificate for another name is refused") {
  Tls tls("other.example");
  const Trusting trust((tls.dir / "ca.pem").string());
  ScriptedPeer peer(tls_script(tls.context.get()));
  CHECK_FALSE(fetch("GET", https(peer), {}, ""));
}

TEST_CASE("A proxy is asked to connect to a server of TLS, and sees nothing but its name") {
  Tls tls("server.example");
  FetchOptions options;
  options.ca_file = tls.dir / "ca.pem";
  std::string asked;
  std::string answer;
  {
    ScriptedPeer proxy([&](RawClient& client) {
      asked = read_request_head(client);
      client.send(answer);
      if (answer.find(" 200 ") != std::string::npos) tls_script(tls.context.get())(client);
    });
    options.proxy = net::ProxyUrl{"127.0.0.1", proxy.port, "me", "pass"};
    for (const char* established :
         {"HTTP/1.1 200 Connection established\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n"}) {
      answer = established;
      const auto result = fetch("GET", "https://server.example/secret", {}, "", options);
      REQUIRE(result);
      CHECK(result->body == "secret");
    }
    answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    const auto refused = fetch("GET", "https://server.example/secret", {}, "", options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Unavailable);
    CHECK(refused.error().message.find("HTTP 407") != std::string::npos);
  }
  CHECK(asked ==
        "CONNECT server.example:443 HTTP/1.1\r\nHost: server.example:443\r\n"
        "Proxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n");
}

TEST_CASE("A server that speaks no TLS is an error") {
  ScriptedPeer peer(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  FetchOptions options;
  options.deadline = std::chrono::seconds(1);
  CHECK_FALSE(fetch("GET", https(peer), {}, "", options));
}
