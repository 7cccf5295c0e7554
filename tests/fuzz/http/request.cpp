// SPDX-License-Identifier: Apache-2.0
// A connection's bytes through head scanner, parser, rules, chunk decoder and inflater: whatever
// they are, the same requests come out however the bytes are cut into pieces, and what comes out
// keeps the rules that handlers rely on.
#include "common/http/request_reader.hpp"
#include "common/http/syntax.hpp"
#include "common/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace holdfast;
using namespace holdfast::http;
using holdfast::fuzz::require;

namespace {

using Step = RequestReader::Step;

struct Seen {
  std::string text;  // everything that was understood, written down
  int refused = 0;   // the status, if the connection ended so
  std::size_t requests = 0;
};

ServerLimits small_limits() {
  ServerLimits limits;
  limits.max_header_bytes = 1024;  // small enough to be met by inputs of a few KiB
  limits.max_body_bytes = 2048;
  limits.gzip_bodies = true;
  return limits;
}

void check_request(const Request& request) {
  require(is_token(request.method), "a method is a token");
  require(request.path == "*" || request.path.starts_with('/'), "a path begins with a slash");
  require(text::is_utf8(request.path), "a path is UTF-8");
  require(is_field_value(request.path) && request.path.find('\t') == std::string::npos,
          "a path has no control character");
  require((request.path + "/").find("/../") == std::string::npos, "a path has no dot segment");
  for (const auto& [name, value] : request.query)
    require(text::is_utf8(name) && text::is_utf8(value), "a query is UTF-8");
  require(request.headers.fields().size() <= kMaxFields, "fields are bounded");
  require(request.headers.count("Host") <= 1, "there is one Host");
  for (const auto& [name, value] : request.headers.fields())
    require(is_token(name) && is_field_value(value), "a field cannot split a message");
  require(request.headers.find("Content-Length") == nullptr ||
              request.headers.find("Transfer-Encoding") == nullptr,
          "a body has one length");
  require(request.body.size() <= small_limits().max_body_bytes, "a body is bounded");
}

void write_down(const Request& request, bool keep_alive, Seen& seen) {
  seen.text += request.method + ' ' + request.target + ' ' + request.path + '\n';
  for (const auto& [name, value] : request.query)
    seen.text += name + '=' + value + '\n';
  for (const auto& [name, value] : request.headers.fields())
    seen.text += name + ": " + value + '\n';
  seen.text += request.body + (keep_alive ? "\nkept\n" : "\nclosed\n");
  ++seen.requests;
}

// Feeds `bytes` in pieces whose sizes come from `cut`.
template <class Cut>
Seen read_all(std::string_view bytes, Cut cut) {
  const ServerLimits limits = small_limits();
  const Peer peer{"192.0.2.1", 1, false};
  RequestReader reader(limits, peer);
  Seen seen;
  while (true) {
    const Step step = reader.advance();
    if (step == Step::HeadAccepted) {
      reader.take_continue();
    } else if (step == Step::Complete) {
      check_request(*reader.request());
      write_down(*reader.request(), reader.keep_alive(), seen);
      if (!reader.keep_alive()) return seen;
      reader.start_next();
    } else if (step == Step::Refused) {
      const Refusal& refusal = reader.refusal();
      require(refusal.status >= 400 && refusal.status < 600, "a refusal has an error status");
      require(!refusal.detail.empty(), "a refusal says why");
      require(reader.advance() == Step::Refused, "a refusal is final");
      seen.refused = refusal.status;
      return seen;
    } else {
      if (bytes.empty()) return seen;
      const auto room = reader.prepare();
      const std::size_t n = std::min({std::max<std::size_t>(cut(), 1), bytes.size(), room.size()});
      std::memcpy(room.data(), bytes.data(), n);
      reader.commit(n);
      bytes.remove_prefix(n);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = holdfast::fuzz::text_of(data, size);
  const Seen whole = read_all(bytes, [&] { return bytes.size(); });
  const Seen slow = read_all(bytes, [] { return std::size_t{1}; });
  std::size_t at = 0;
  const Seen mixed = read_all(bytes, [&] { return data[at++ % size] % 64 + std::size_t{1}; });
  for (const Seen& other : {slow, mixed}) {
    require(other.text == whole.text, "the same requests, however the bytes are cut");
    require(other.requests == whole.requests, "as many requests, however the bytes are cut");
    // One limit may be met before another, but a refusal stays one.
    require((other.refused == 0) == (whole.refused == 0), "refused, however the bytes are cut");
  }
  return 0;
}
