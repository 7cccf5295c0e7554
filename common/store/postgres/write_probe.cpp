// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/write_probe.hpp"

#include "common/base/id.hpp"
#include "common/store/postgres/transaction.hpp"

#include <array>
#include <new>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

namespace {

// What does not compress: half of it is left after the server has tried.
constexpr std::size_t kHexDigits = std::size_t{128} << 10;

constexpr std::string_view kLockTimeout = "SELECT set_config('lock_timeout', '500ms', true)";

// A number that no document has, and no other process takes at the same time.
constexpr std::string_view kLargeRow =
    "INSERT INTO holdfast.document(seq, content_bytes, job_id, created_at, updated_at, id, title,"
    " metadata) VALUES($1, 0, 0, 0, 0, $2, $3, '{}')";

// Of no row: privileges and locks are looked at all the same.
constexpr std::array<std::string_view, 26> kOfNoRow{
    "UPDATE holdfast.document SET status = 0 WHERE false",
    "DELETE FROM holdfast.document WHERE false",
    "INSERT INTO holdfast.document_content(document) SELECT 0 WHERE false",
    "UPDATE holdfast.document_content SET document = 0 WHERE false",
    "INSERT INTO holdfast.document_label(document) SELECT 0 WHERE false",
    "DELETE FROM holdfast.document_label WHERE false",
    "INSERT INTO holdfast.job(run_at) SELECT 0 WHERE false",
    "UPDATE holdfast.job SET run_at = 0 WHERE false",
    "DELETE FROM holdfast.job WHERE false",
    "INSERT INTO holdfast.chunk(document) SELECT 0 WHERE false",
    "UPDATE holdfast.chunk SET document = 0 WHERE false",
    "DELETE FROM holdfast.chunk WHERE false",
    "INSERT INTO holdfast.chunk_change(document) SELECT 0 WHERE false",
    "DELETE FROM holdfast.chunk_change WHERE false",
    "INSERT INTO holdfast.worker(pid) SELECT 0 WHERE false",
    "UPDATE holdfast.worker SET pid = 0 WHERE false",
    "DELETE FROM holdfast.worker WHERE false",
    "INSERT INTO holdfast.idempotency(version) SELECT 0 WHERE false",
    "UPDATE holdfast.idempotency SET version = 0 WHERE false",
    "DELETE FROM holdfast.idempotency WHERE false",
    "INSERT INTO holdfast.commit_mark(number) SELECT 0 WHERE false",
    "UPDATE holdfast.commit_mark SET number = 0 WHERE false",
    "INSERT INTO holdfast.queue_ctl(paused) SELECT true WHERE false",
    "INSERT INTO holdfast.paused_kind(queue) SELECT '' WHERE false",
    "INSERT INTO holdfast.api_key(created_at) SELECT 0 WHERE false",
    "UPDATE holdfast.api_key SET created_at = 0 WHERE false",
};

std::string hex_digits(std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(count, '0');
  std::vector<unsigned char> random(count / 2);
  fill_random(random);
  for (std::size_t i = 0; i < random.size(); ++i) {
    text[2 * i] = kDigits[random[i] >> 4U];
    text[2 * i + 1] = kDigits[random[i] & 15U];
  }
  return text;
}

std::int64_t negative_number() {
  std::array<unsigned char, 6> random{};
  fill_random(random);
  std::int64_t number = 0;
  for (const unsigned char byte : random)
    number = number * 256 + byte;
  return -1 - number;
}

}  // namespace

std::optional<ExchangeError> probe_write(PgConnection& connection) {
  Transaction transaction(connection, kBegin);
  try {
    std::vector<Statement> statements{Statement(kLockTimeout)};
    for (const std::string_view sql : kOfNoRow)
      statements.emplace_back(sql);
    statements.push_back(
        Statement(kLargeRow).bind(negative_number(), make_uuid(), hex_digits(kHexDigits)));
    transaction.run(statements);
  } catch (const SqlFailure& failure) {
    return failure.cause;
  } catch (const std::bad_alloc&) {
    return ExchangeError{{ErrorKind::ResourceExhausted, "out of memory", 0}, false, false, false};
  }
  return std::nullopt;
}

}  // namespace holdfast::store::postgres
