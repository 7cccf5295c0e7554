// SPDX-License-Identifier: Apache-2.0
#include "common/http/content_coding.hpp"

#include "common/http/list_field.hpp"
#include "common/http/vary.hpp"
#include "common/text/ascii.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <optional>

namespace holdfast::http {

namespace {

// qvalue = "0" ["." 0*3DIGIT] or "1" ["." 0*3"0"], in thousandths; malformed counts as 0.
int parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int quality = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!text::is_digit(c)) return 0;
    quality += (c - '0') * unit;
    unit /= 10;
  }
  return quality > 1000 ? 0 : quality;
}

struct AcceptedCodings {
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;
};

bool is_gzip(std::string_view coding) {
  return text::equals_ignoring_case(coding, "gzip") || text::equals_ignoring_case(coding, "x-gzip");
}

void read_element(std::string_view element, AcceptedCodings& accepted) {
  const std::size_t semicolon = element.find(';');
  const std::string_view coding = text::trim(element.substr(0, semicolon));
  int quality = 1000;
  if (semicolon != std::string_view::npos) {
    const std::string_view weight = text::trim(element.substr(semicolon + 1));
    const bool named = weight.starts_with("q=") || weight.starts_with("Q=");
    quality = named ? parse_quality(weight.substr(2)) : 0;
  }
  if (is_gzip(coding)) {
    accepted.gzip = quality;
  } else if (text::equals_ignoring_case(coding, "identity")) {
    accepted.identity = quality;
  } else if (coding == "*") {
    accepted.any = quality;
  }
}

bool is_compressible(const Response& response) {
  const std::string* type = response.headers.find("Content-Type");
  if (response.status != 200 || type == nullptr || response.stream) return false;
  return type->starts_with("application/json") || type->starts_with("text/") ||
         type->starts_with("application/openmetrics-text");
}

}  // namespace

BodyCoding body_coding(const Headers& headers) {
  BodyCoding found = BodyCoding::Identity;
  const std::string list = list_field(headers, "Content-Encoding").value_or("");
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view coding = take_element(rest);
    if (coding.empty() || text::equals_ignoring_case(coding, "identity")) continue;
    const bool first = found == BodyCoding::Identity;
    found = first && is_gzip(coding) ? BodyCoding::Gzip : BodyCoding::Other;
  }
  return found;
}

bool accepts_gzip(const Headers& headers) {
  AcceptedCodings accepted;
  const std::string list = list_field(headers, "Accept-Encoding").value_or("");
  for (std::string_view rest = list; !rest.empty();)
    read_element(take_element(rest), accepted);
  const int gzip = accepted.gzip.value_or(accepted.any.value_or(0));
  return gzip > 0 && gzip >= accepted.identity.value_or(0);
}

std::string gzip(std::string_view bytes) {
  constexpr int kLevel = 1;
  constexpr int kGzipWindow = 15 + 16;  // + 16: gzip header and trailer instead of zlib's
  constexpr int kMemory = 8;
  z_stream stream{};
  if (::deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();  // the only possible cause here
  }
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  // zlib does not write to its input; the pointer is not const for historical reasons.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);  // the bound is enough for one call
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

bool is_worth_gzip(const Request& request, const Response& response) {
  return is_compressible(response) && response.body.size() >= kMinGzipBytes &&
         accepts_gzip(request.headers);
}

void encode(const Request& request, Response& response) {
  if (!is_compressible(response)) return;
  add_vary(response, "Accept-Encoding");
  if (!is_worth_gzip(request, response)) return;
  response.body = gzip(response.body);
  response.headers.set("Content-Encoding", "gzip");
  if (const std::string* tag = response.headers.find("ETag");
      tag != nullptr && tag->ends_with('"')) {
    response.headers.set("ETag", tag->substr(0, tag->size() - 1) + "-gzip\"");
  }
}

}  // namespace holdfast::http
