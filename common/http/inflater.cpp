// SPDX-License-Identifier: Apache-2.0
#include "common/http/inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace holdfast::http {

struct Inflater::Stream {
  Stream() {
    constexpr int kGzipOnly = 15 + 16;
    if (::inflateInit2(&z, kGzipOnly) != Z_OK) throw std::bad_alloc();  // the only cause here
  }
  ~Stream() { ::inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
};

Inflater::Inflater(std::uint64_t max_body)
    : stream_(std::make_unique<Stream>()), max_body_(max_body) {}

Inflater::~Inflater() = default;

Inflater::Fed Inflater::feed(std::string_view bytes, std::string& body) {
  Fed fed;
  z_stream& z = stream_->z;
  if (whole_) {
    if (bytes.empty()) return fed;
    ::inflateReset(&z);
    whole_ = false;
  }
  const std::size_t before = body.size();
  // One byte more than the body may have shows that it has more.
  const std::uint64_t room = std::min<std::uint64_t>(kStep, max_body_ - out_ + 1);
  // Bytes are appended where zlib has written them: nothing is copied.
  body.resize(before + static_cast<std::size_t>(room));
  // zlib does not write to its input; the pointer is not const for historical reasons.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(body.data() + before);
  z.avail_out = static_cast<uInt>(room);
  const int result = ::inflate(&z, Z_NO_FLUSH);
  const auto written = static_cast<std::size_t>(room - z.avail_out);
  body.resize(before + written);
  fed.consumed = bytes.size() - z.avail_in;
  in_ += fed.consumed;
  out_ += written;
  whole_ = result == Z_STREAM_END;
  fed.more = !whole_ && z.avail_out == 0;
  // Z_BUF_ERROR: nothing could be done without more bytes.
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
    fed.refusal = {400, "The request body is not valid gzip, as its Content-Encoding says."};
  } else if (out_ > max_body_) {
    fed.refusal = {413, "The request body is too large once it is decompressed."};
  } else if (out_ > kAnyRatio && out_ > kMaxRatio * in_) {
    fed.refusal = {413, "The request body expands to more than 200 times its compressed size."};
  }
  return fed;
}

std::optional<Refusal> Inflater::finish() const {
  if (whole_) return std::nullopt;
  return Refusal{400, "The request body ends in the middle of its gzip data."};
}

}  // namespace holdfast::http
