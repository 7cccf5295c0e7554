// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/chunks.hpp"

#include "common/base/failpoint.hpp"
#include "common/store/postgres/full_text.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <bit>

namespace holdfast::store::postgres {

namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored in memory order");

static_assert(search::kTermsForm == 2, "the form of the terms that are written below");

// What both statements act on: the job, if it is held with this fence, and the document, if it
// still waits for it. Both stay locked until the commit. $1 job, $2 fence, $3 document, $4 version.
#define HOLDFAST_TARGET                                                                 \
  "WITH held AS (SELECT id FROM holdfast.job WHERE id = $1 AND fence = $2"              \
  " AND state = {job.running} FOR UPDATE),"                                             \
  " target AS (SELECT d.seq, d.title FROM holdfast.document AS d, held WHERE d.id = $3" \
  " AND d.version = $4 AND d.job_id = held.id FOR UPDATE OF d)"

// Apart from what takes its place: the parts of one statement do not see what the others did.
constexpr std::string_view kRemoveOld =
    statement<HOLDFAST_TARGET
              ", forgotten AS (DELETE FROM holdfast.document_label AS l USING target"
              " WHERE l.document = target.seq),"
              " removed AS (DELETE FROM holdfast.chunk AS c USING target"
              " WHERE c.document = target.seq RETURNING c.document)"
              " INSERT INTO holdfast.chunk_change(document) SELECT DISTINCT document FROM removed">;
// $5 to $10 are the chunks, $11 the vector space, $12 and $13 the labels. With the copy for the
// index of the server (hnsw.hpp), or without: $14 has all vectors, one after the other, $15 is how
// long each of them is. Its rows: the job, if it was completed.
#define HOLDFAST_ADD(COLUMN, VALUE)                                                      \
  HOLDFAST_TARGET                                                                        \
  ", added AS (INSERT INTO holdfast.chunk(document, ordinal, begin_byte, end_byte,"      \
  " job_id, fence, title, text, vector, terms, terms_form" COLUMN                        \
  ")"                                                                                    \
  " SELECT target.seq, c.ordinal, c.begin_byte, c.end_byte, $1, $2, target.title,"       \
  " c.text, c.vector,"                                                                   \
  " c.terms::tsvector, 2" VALUE                                                          \
  " FROM target, unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[],"          \
  " $9::bytea[], $10::text[]) WITH ORDINALITY"                                           \
  " AS c(ordinal, begin_byte, end_byte, text, vector, terms, place)"                     \
  " RETURNING document),"                                                                \
  " changed AS (INSERT INTO holdfast.chunk_change(document)"                             \
  " SELECT DISTINCT document FROM added),"                                               \
  " labelled AS (INSERT INTO holdfast.document_label(document, name, value)"             \
  " SELECT target.seq, l.name, l.value FROM target,"                                     \
  " unnest($12::text[], $13::text[]) AS l(name, value) ON CONFLICT DO NOTHING),"         \
  " served AS (UPDATE holdfast.document AS d SET status = {document.ready}, error = ''," \
  " chunk_count = cardinality($5::bigint[]), updated_at = holdfast.now_ms(),"            \
  " vector_space = $11 FROM target WHERE d.seq = target.seq)"                            \
  " UPDATE holdfast.job AS j SET state = {job.done}, finished_at = holdfast.now_ms(),"   \
  " worker_id = NULL, deadline_at = NULL FROM held WHERE j.id = held.id"                 \
  " RETURNING j.id, j.fence"
constexpr std::string_view kAddNew = statement<HOLDFAST_ADD("", "")>;
constexpr std::string_view kAddIndexed = statement<HOLDFAST_ADD(
    ", embedding",
    ", holdfast.as_embedding(($14::real[])[(c.place - 1) * $15 + 1 : c.place * $15])")>;
#undef HOLDFAST_ADD
#undef HOLDFAST_TARGET
constexpr std::string_view kComplete = statement<
    "WITH done AS (UPDATE holdfast.job AS j SET state = {job.done},"
    " finished_at = holdfast.now_ms(), worker_id = NULL, deadline_at = NULL"
    " FROM unnest($1::bigint[], $2::bigint[]) AS key(id, fence)"
    " WHERE j.id = key.id AND j.fence = key.fence AND j.state = {job.running}"
    " RETURNING j.id, j.fence)"
    " SELECT id, fence FROM done ORDER BY id">;
constexpr std::string_view kDeleteChunks =
    "WITH removed AS (DELETE FROM holdfast.chunk WHERE document = $1 RETURNING document)"
    " INSERT INTO holdfast.chunk_change(document) SELECT DISTINCT document FROM removed";

bool are_alike(const std::vector<Chunk>& chunks) {
  return std::all_of(chunks.begin(), chunks.end(), [&](const Chunk& chunk) {
    return chunk.vector.size() == chunks.front().vector.size();
  });
}

std::vector<float> all_numbers(const std::vector<Chunk>& chunks) {
  std::vector<float> numbers;
  numbers.reserve(chunks.size() * chunks.front().vector.size());
  for (const Chunk& chunk : chunks)
    numbers.insert(numbers.end(), chunk.vector.begin(), chunk.vector.end());
  return numbers;
}

}  // namespace

std::vector<Statement> embed_statements(const Embedding& embedding, bool with_copies) {
  std::vector<std::int64_t> ordinals;
  std::vector<std::int64_t> begins;
  std::vector<std::int64_t> ends;
  BytesList texts;
  BytesList vectors;
  std::vector<std::string> terms;
  for (const Chunk& chunk : embedding.text.chunks) {
    ordinals.push_back(chunk.ordinal);
    begins.push_back(chunk.begin);
    ends.push_back(chunk.end);
    texts.push_back(chunk.text);
    vectors.push_back(bytes_of(chunk.vector).bytes);
    terms.push_back(terms_vector(embedding.text.title_terms, chunk.terms));
  }
  const auto start = [&](std::string_view sql) {
    return Statement(sql).bind(embedding.key.id, embedding.key.fence, embedding.document_id,
                               embedding.version);
  };
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const Label& label : embedding.text.labels) {
    names.push_back(label.name);
    values.push_back(label.value);
  }
  const std::vector<Chunk>& chunks = embedding.text.chunks;
  const std::size_t dimensions = chunks.empty() ? 0 : chunks.front().vector.size();
  const bool copies = with_copies && dimensions > 0 && are_alike(chunks);
  Statement add = start(copies ? kAddIndexed : kAddNew);
  add.bind(ordinals, begins, ends, texts, vectors, terms, embedding.vector_space, names, values);
  if (copies) add.bind(all_numbers(chunks), static_cast<std::int64_t>(dimensions));
  return {start(kRemoveOld), std::move(add)};
}

Result<void> read_embedded(std::span<const Rows> rows, JobKey key) {
  HOLDFAST_TRY(read_completed(rows.back(), key));
  failpoint(FaultStep::EffectsWritten);
  return {};
}

Statement complete_statement(std::span<const JobKey> keys) {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> fences;
  for (const JobKey& key : keys) {
    ids.push_back(key.id);
    fences.push_back(key.fence);
  }
  return Statement(kComplete).bind(ids, fences);
}

Result<void> read_completed(const Rows& rows, JobKey key) {
  int first = 0;
  for (int last = rows.count(); first < last;) {
    const int middle = first + (last - first) / 2;
    if (rows.integer(middle, 0) < key.id) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  const bool held = first < rows.count() && rows.integer(first, 0) == key.id &&
                    rows.integer(first, 1) == key.fence;
  if (held) return {};
  return fail(ErrorKind::Conflict,
              fmt::format("job {} is no longer held with fence {}", key.id, key.fence));
}

void delete_chunks(Transaction& transaction, std::int64_t document) {
  transaction.run(Statement(kDeleteChunks).bind(document));
}

}  // namespace holdfast::store::postgres
