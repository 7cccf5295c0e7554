// SPDX-License-Identifier: Apache-2.0
#include "common/redis/protocol.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace holdfast::redis {

namespace {

Reply to_value(const redisReply& reply) {
  Reply value;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      value.type = Reply::Type::Integer;
      value.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      value.type = Reply::Type::Text;
      value.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ERROR:
      value.type = Reply::Type::Error;
      value.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ARRAY:
      value.type = Reply::Type::Array;
      for (std::size_t i = 0; i < static_cast<std::size_t>(reply.elements); ++i)
        value.items.push_back(to_value(*reply.element[i]));
      break;
    default: break;
  }
  return value;
}

}  // namespace

std::string encode(std::span<const std::string> command) {
  std::string out = fmt::format("*{}\r\n", command.size());
  for (const std::string& word : command)
    out += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return out;
}

struct ReplyReader::Impl {
  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  std::unique_ptr<redisReader, Free> reader{redisReaderCreate()};

  Failure broken() const {
    return fail(ErrorKind::DataLoss, fmt::format("Redis protocol: {}", reader->errstr));
  }
};

ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {
  if (!impl_->reader) throw std::bad_alloc();
}

ReplyReader::~ReplyReader() = default;

Result<void> ReplyReader::feed(std::string_view bytes) {
  if (redisReaderFeed(impl_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    return impl_->broken();
  }
  return {};
}

Result<std::optional<Reply>> ReplyReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(impl_->reader.get(), &raw) != REDIS_OK) return impl_->broken();
  if (raw == nullptr) return std::nullopt;
  const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(static_cast<redisReply*>(raw),
                                                                      &freeReplyObject);
  return to_value(*reply);
}

}  // namespace holdfast::redis
