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

namespace {

// hiredis 0.14 allocates an array as long as its header says before an item has come, and can only
// be told otherwise here; the count is an int there, and a size_t from 1.0 on. Null: the reader
// reports that it is out of memory.
redisReplyObjectFunctions* limited_functions(const redisReader& reader) {
  static const redisReplyObjectFunctions original = *reader.fn;
  static redisReplyObjectFunctions limited = [] {
    redisReplyObjectFunctions functions = original;
    functions.createArray = [](const redisReadTask* task, auto elements) -> void* {
      if (static_cast<std::size_t>(elements) > ReplyReader::kMaxItems) return nullptr;
      return original.createArray(task, elements);
    };
    return functions;
  }();
  return &limited;
}

}  // namespace

struct ReplyReader::Impl {
  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  std::unique_ptr<redisReader, Free> reader{redisReaderCreate()};
  std::size_t unfinished = 0;  // bytes fed since the last complete reply

  Failure broken() const {
    return fail(ErrorKind::DataLoss, fmt::format("Redis protocol: {}", reader->errstr));
  }
};

ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {
  if (!impl_->reader) throw std::bad_alloc();
  impl_->reader->fn = limited_functions(*impl_->reader);
}

ReplyReader::~ReplyReader() = default;

Result<void> ReplyReader::feed(std::string_view bytes) {
  if (redisReaderFeed(impl_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    return impl_->broken();
  }
  impl_->unfinished += bytes.size();
  return {};
}

Result<std::optional<Reply>> ReplyReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(impl_->reader.get(), &raw) != REDIS_OK) return impl_->broken();
  if (raw == nullptr) {
    if (impl_->unfinished <= kMaxBytes) return std::nullopt;
    return fail(ErrorKind::DataLoss,
                fmt::format("Redis protocol: a reply of more than {} bytes", kMaxBytes));
  }
  const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply(static_cast<redisReply*>(raw),
                                                                      &freeReplyObject);
  impl_->unfinished = impl_->reader->len - impl_->reader->pos;
  return to_value(*reply);
}

}  // namespace holdfast::redis
