// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/hnsw.hpp"

#include "common/store/dot.hpp"
#include "common/store/postgres/documents.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

namespace holdfast::store::postgres {

namespace {

// pgvector looks at no more than this many candidates.
constexpr std::size_t kMostCandidates = 1000;
// Several chunks of one document may be among the nearest, but only the best of them counts.
constexpr std::size_t kCandidatesPerDocument = 4;
// Beyond this many chunks that are not indexed, a scan in memory is quicker than reading them.
constexpr std::int64_t kMostUnindexed = 2000;
constexpr std::int64_t kCopiedAtATime = 200;

// "vectors", read as a number. Held by the session that builds indexes, until its end.
constexpr std::int64_t kBuildLock = 0x766563746f7273;

constexpr std::string_view kExtension =
    "SELECT EXISTS(SELECT 1 FROM pg_available_extensions WHERE name = 'vector'),"
    " (SELECT extversion FROM pg_extension WHERE extname = 'vector'),"
    " (SELECT quote_ident(nspname) FROM pg_extension AS e"
    " JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE extname = 'vector'),"
    " (SELECT coalesce(string_to_array(extversion, '.')::int[] >= array[0, 8], false)"
    " FROM pg_extension WHERE extname = 'vector' AND extversion ~ '^[0-9.]+$'),"
    " (SELECT coalesce(string_to_array(extversion, '.')::int[] >= array[0, 7], false)"
    " FROM pg_extension WHERE extname = 'vector' AND extversion ~ '^[0-9.]+$')";
constexpr std::string_view kCreateExtension = "CREATE EXTENSION IF NOT EXISTS vector";

// {v}: the extension's schema. The lock keeps everybody from the table: it is taken only where the
// column is missing, and not waited for for long, as whoever comes after waits behind it.
constexpr std::string_view kAddColumn =
    "BEGIN; SET LOCAL lock_timeout = '5s';"
    "ALTER TABLE holdfast.chunk ADD COLUMN IF NOT EXISTS embedding {v}.vector; COMMIT";
// {scan}: how a search goes on when rows it found are dead.
constexpr std::string_view kSetUp = R"sql(
BEGIN;
CREATE OR REPLACE FUNCTION holdfast.as_embedding(real[]) RETURNS {v}.vector
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::{v}.vector';
CREATE OR REPLACE FUNCTION holdfast.nearest(query real[], candidates bigint)
  RETURNS TABLE(document bigint, id bigint, similarity float8) LANGUAGE plpgsql AS $f$
BEGIN
  PERFORM set_config('hnsw.ef_search', least(greatest(candidates, 40), 1000)::text, true){scan};
  RETURN QUERY EXECUTE format($q$
    SELECT c.document, c.id, -(c.embedding OPERATOR({v}.<#>) $1) FROM (
      SELECT k.document, k.id, k.embedding FROM holdfast.chunk AS k
      WHERE {v}.vector_dims(k.embedding) = %1$s
      ORDER BY (k.embedding::{v}.halfvec(%1$s)) OPERATOR({v}.<#>) $1::{v}.halfvec(%1$s)
      LIMIT $2) AS c $q$, array_length(query, 1))
    USING query::{v}.vector, candidates;
END $f$;
COMMIT
)sql";
constexpr std::string_view kIterativeScan =
    ",\n    set_config('hnsw.iterative_scan', 'relaxed_order', true)";
constexpr std::string_view kCreateUnindexed =
    "CREATE INDEX CONCURRENTLY chunk_unindexed ON holdfast.chunk(id) WHERE embedding IS NULL";
constexpr std::string_view kCreateIndex =
    "CREATE INDEX CONCURRENTLY chunk_hnsw_{d} ON holdfast.chunk"
    " USING hnsw ((embedding::{v}.halfvec({d})) {v}.halfvec_ip_ops)"
    " WHERE {v}.vector_dims(embedding) = {d}";

constexpr std::string_view kIndexState =
    "SELECT EXISTS(SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'holdfast' AND c.relname = $1),"
    " EXISTS(SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " JOIN pg_index AS i ON i.indexrelid = c.oid"
    " WHERE n.nspname = 'holdfast' AND c.relname = $1 AND i.indisvalid)";
constexpr std::string_view kHasColumn =
    "SELECT EXISTS(SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('holdfast.chunk')"
    " AND attname = 'embedding' AND NOT attisdropped)";
// Not waited for: a session that waits holds a snapshot, and the build would wait for its end.
constexpr std::string_view kTryLock = "SELECT pg_try_advisory_lock($1)";

constexpr std::string_view kWithoutCopy =
    "SELECT id, vector FROM holdfast.chunk WHERE embedding IS NULL AND id > $1 ORDER BY id LIMIT "
    "$2";
constexpr std::string_view kCopy =
    "UPDATE holdfast.chunk AS c SET embedding ="
    " holdfast.as_embedding(($2::real[])[(u.place - 1) * $3 + 1 : u.place * $3])"
    " FROM unnest($1::bigint[]) WITH ORDINALITY AS u(id, place) WHERE c.id = u.id";

constexpr std::string_view kNearest =
    "SELECT n.document, n.id, n.similarity, d.vector_space = $3"
    " FROM holdfast.nearest($1::real[], $2) AS n"
    " JOIN holdfast.document AS d ON d.seq = n.document";
constexpr std::string_view kUnindexed =
    "SELECT c.document, c.id, CASE d.vector_space WHEN $2 THEN c.vector ELSE '' END"
    " FROM holdfast.chunk AS c JOIN holdfast.document AS d ON d.seq = c.document"
    " WHERE c.embedding IS NULL LIMIT $1";

std::string replaced(std::string_view text, const std::map<std::string, std::string>& names) {
  std::string out(text);
  for (const auto& [name, value] : names) {
    for (std::size_t at = 0; (at = out.find(name, at)) != std::string::npos; at += value.size())
      out.replace(at, name.size(), value);
  }
  return out;
}

struct Extension {
  bool available = false;
  std::string version;  // empty: not created
  std::string schema;   // quoted
  bool scans_on = false;
  bool new_enough = false;
};

Extension look_for_extension(PgConnection& connection) {
  const Rows rows = ask(connection, Statement(kExtension));
  Extension extension;
  extension.available = rows.boolean(0, 0);
  if (rows.is_null(0, 1)) return extension;
  extension.version = rows.text(0, 1);
  extension.schema = rows.text(0, 2);
  extension.scans_on = rows.boolean(0, 3);
  extension.new_enough = rows.boolean(0, 4);
  return extension;
}

std::vector<float> decode(std::string_view bytes) {
  std::vector<float> vector(bytes.size() / sizeof(float));
  if (!vector.empty()) std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
  return vector;
}

// One statement for each dimension among these rows.
void copy_rows(PgConnection& connection, const Rows& rows) {
  struct Batch {
    std::vector<std::int64_t> ids;
    std::vector<float> numbers;
  };
  std::map<std::size_t, Batch> by_dimension;
  for (int row = 0; row < rows.count(); ++row) {
    const std::vector<float> vector = decode(rows.bytes(row, 1));
    if (vector.empty() || vector.size() > kMostIndexedDimensions) continue;
    Batch& batch = by_dimension[vector.size()];
    batch.ids.push_back(rows.integer(row, 0));
    batch.numbers.insert(batch.numbers.end(), vector.begin(), vector.end());
  }
  for (const auto& [dimensions, batch] : by_dimension) {
    ask(connection,
        Statement(kCopy).bind(batch.ids, batch.numbers, static_cast<std::int64_t>(dimensions)));
  }
}

void copy_all(PgConnection& connection) {
  std::int64_t last = 0;
  for (;;) {
    const Rows rows = ask(connection, Statement(kWithoutCopy).bind(last, kCopiedAtATime));
    if (rows.empty()) return;
    last = rows.integer(rows.count() - 1, 0);
    copy_rows(connection, rows);
  }
}

// A transaction of several statements.
Result<void> run_transaction(PgConnection& connection, const std::string& script) {
  auto done = connection.run_script(script.c_str());
  if (!done && connection.in_transaction()) (void)connection.exchange(Statement("ROLLBACK"));
  return done;
}

// Functions, then the column: whoever sees that uses them.
Result<void> set_up(PgConnection& connection, const Extension& extension) {
  const std::string functions =
      replaced(kSetUp, {{"{v}", extension.schema},
                        {"{scan}", extension.scans_on ? std::string(kIterativeScan) : ""}});
  HOLDFAST_TRY(run_transaction(connection, functions));
  if (has_embeddings(connection)) return {};
  return run_transaction(connection, replaced(kAddColumn, {{"{v}", extension.schema}}));
}

struct IndexState {
  bool exists = false;
  bool valid = false;
};

IndexState index_state(PgConnection& connection, const std::string& name) {
  const Rows rows = ask(connection, Statement(kIndexState).bind(name));
  return {rows.boolean(0, 0), rows.boolean(0, 1)};
}

std::string index_name(std::int64_t dimensions) {
  return "chunk_hnsw_" + std::to_string(dimensions);
}

// Readers and writers go on. One that was interrupted is there, and of no use.
Result<void> build_index(PgConnection& connection, const std::string& name,
                         const std::string& create) {
  const IndexState state = index_state(connection, name);
  if (state.valid) return {};
  if (state.exists) {
    HOLDFAST_TRY(connection.run_script(("DROP INDEX CONCURRENTLY holdfast." + name).c_str()));
  }
  return connection.run_script(create.c_str());
}

Result<void> build_indexes(PgConnection& connection, const Extension& extension,
                           std::int64_t dimensions) {
  HOLDFAST_TRY(build_index(connection, "chunk_unindexed", std::string(kCreateUnindexed)));
  if (dimensions > kMostIndexedDimensions) return {};
  return build_index(
      connection, index_name(dimensions),
      replaced(kCreateIndex, {{"{v}", extension.schema}, {"{d}", std::to_string(dimensions)}}));
}

std::string exact(std::string_view reason) {
  return fmt::format("exact ({})", reason);
}

Result<std::string> prepare(PgConnection& connection, std::int64_t dimensions) {
  try {
    Extension extension = look_for_extension(connection);
    if (extension.version.empty()) {
      if (!extension.available) return exact("pgvector is not installed");
      const auto created = connection.exchange(Statement(kCreateExtension));
      if (!created && created.error().lost) return fail(created.error().error);
      extension = look_for_extension(connection);
      if (extension.version.empty()) {
        return exact("the role may not create pgvector: run CREATE EXTENSION vector as its owner");
      }
    }
    if (!extension.new_enough) {
      return exact(fmt::format("pgvector is {}, {} is the oldest that is used: update it",
                               extension.version, kOldestPgvector));
    }
    const bool ready = has_embeddings(connection) &&
                       hnsw_ready(connection, static_cast<std::size_t>(dimensions), 1);
    if (connection.is_pooled()) {  // no lock of a session, and no end of the time limits
      return ready ? "hnsw"
                   : exact("indexes are not built through a pooler: run migrate once past it");
    }
    if (!ask(connection, Statement(kTryLock).bind(kBuildLock)).boolean(0, 0)) {
      return ready ? "hnsw" : exact("until the index that another process builds is complete");
    }
    // The copies and the index of a large table take their time.
    HOLDFAST_TRY(connection.lift_statement_timeout());
    HOLDFAST_TRY(set_up(connection, extension));
    copy_all(connection);
    HOLDFAST_TRY(build_indexes(connection, extension, dimensions));
    if (dimensions <= kMostIndexedDimensions) return "hnsw";
    return exact(fmt::format("pgvector indexes at most {} dimensions", kMostIndexedDimensions));
  } catch (const SqlFailure& failure) {
    return fail(failure.cause.error);
  }
}

}  // namespace

Result<std::string> index_vectors(const Endpoint& endpoint, std::int64_t dimensions) {
  static const Cutoff none;
  HOLDFAST_TRY_ASSIGN(const auto connection, PgConnection::open(endpoint, none));
  auto how = prepare(*connection, dimensions);
  // No start fails for an index that no search depends on. The next one tries again.
  if (!how && !connection->broken()) {
    return exact("the index is not complete: " + how.error().message);
  }
  return how;
}

bool has_embeddings(PgConnection& connection) {
  return ask(connection, Statement(kHasColumn)).boolean(0, 0);
}

bool hnsw_ready(PgConnection& connection, std::size_t dimensions, std::size_t limit) {
  if (dimensions == 0 || limit > kMostCandidates) return false;
  return index_state(connection, index_name(static_cast<std::int64_t>(dimensions))).valid;
}

std::optional<std::vector<Candidate>> hnsw_nearest(Transaction& transaction,
                                                   const std::string& space,
                                                   std::span<const float> query,
                                                   std::size_t limit) {
  const auto candidates =
      static_cast<std::int64_t>(std::min(kMostCandidates, kCandidatesPerDocument * limit));
  const std::vector<float> numbers(query.begin(), query.end());
  const std::vector<Statement> questions{Statement(kNearest).bind(numbers, candidates, space),
                                         Statement(kUnindexed).bind(kMostUnindexed + 1, space)};
  const Results answers = transaction.run(questions);
  const Rows& unindexed = answers[1];
  if (unindexed.count() > kMostUnindexed) return std::nullopt;

  std::unordered_map<std::int64_t, Candidate> best_of;
  const auto offer = [&](const Candidate& candidate) {
    if (!(candidate.score > 0)) return;
    const auto [at, is_new] = best_of.emplace(candidate.document, candidate);
    if (is_new) return;
    const Candidate& known = at->second;
    if (candidate.score > known.score ||
        (candidate.score == known.score && candidate.chunk < known.chunk)) {
      at->second = candidate;
    }
  };
  bool has_others = false;
  for (int row = 0; row < answers[0].count(); ++row) {
    if (!answers[0].boolean(row, 3)) {
      has_others = true;
      continue;
    }
    offer({answers[0].integer(row, 0), answers[0].integer(row, 1), answers[0].real(row, 2)});
  }
  // While documents are embedded again with another model, the others may hide all that count.
  if (has_others && best_of.size() < limit) return std::nullopt;
  for (int row = 0; row < unindexed.count(); ++row) {
    const std::vector<float> vector = decode(unindexed.bytes(row, 2));
    if (vector.size() != query.size()) continue;
    offer({unindexed.integer(row, 0), unindexed.integer(row, 1),
           static_cast<double>(dot(vector.data(), query.data(), query.size()))});
  }
  Best best(limit);
  for (const auto& [document, candidate] : best_of)
    best.offer(candidate);
  return best.take();
}

}  // namespace holdfast::store::postgres
