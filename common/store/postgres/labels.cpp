// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/labels.hpp"

#include "common/store/labels.hpp"

namespace holdfast::store::postgres {

namespace {

constexpr std::string_view kWithLabels =
    "SELECT l.document FROM holdfast.document_label AS l"
    " JOIN unnest($1::text[], $2::text[], $5::bigint[]) AS w(name, value, wanted)"
    " ON l.name = w.name AND l.value = w.value"
    " JOIN holdfast.document AS d ON d.seq = l.document AND d.status = coalesce($3, d.status)"
    " GROUP BY l.document HAVING count(DISTINCT w.wanted) = $4";
constexpr std::string_view kWithStatus = "SELECT seq FROM holdfast.document WHERE status = $1";
constexpr std::string_view kUnlabelled =
    "SELECT seq, metadata FROM holdfast.document AS d WHERE seq > $1 AND chunk_count > 0"
    " AND metadata <> '{}' AND (NOT EXISTS("
    "SELECT 1 FROM holdfast.document_label AS l WHERE l.document = d.seq)"
    // Before they are ready, the labels are those of another version.
    " OR $3 AND status = 1)"
    " ORDER BY seq LIMIT $2 FOR UPDATE";
constexpr std::string_view kAddMissing =
    "INSERT INTO holdfast.document_label(document, name, value)"
    " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING";

}  // namespace

std::optional<std::vector<std::int64_t>> admitted(Transaction& transaction,
                                                  const SearchQuery& query) {
  if (query.labels.empty() && !query.status) return std::nullopt;
  std::optional<std::int64_t> status;
  if (query.status) status = static_cast<std::int64_t>(*query.status);
  std::vector<std::int64_t> documents;
  // What no column can hold, no document has.
  for (const WantedLabel& label : query.labels) {
    if (!is_storable_text(label.name) || !is_storable_text(label.value)) return documents;
  }
  std::vector<std::string> names;
  std::vector<std::string> values;
  std::vector<std::int64_t> wanted;  // which of them: a document may have both of its values
  for (const WantedLabel& label : query.labels) {
    for (const std::string& value : {label.value, label.or_value}) {
      names.push_back(label.name);
      values.push_back(value);
      wanted.push_back(std::ssize(wanted) / 2);
    }
  }
  const Rows rows =
      query.labels.empty()
          ? transaction.run(Statement(kWithStatus).bind(status))
          : transaction.run(Statement(kWithLabels)
                                .bind(names, values, status, std::ssize(query.labels), wanted));
  for (int row = 0; row < rows.count(); ++row)
    documents.push_back(rows.integer(row, 0));
  return documents;
}

std::optional<std::int64_t> label_missing(Transaction& transaction, std::int64_t after,
                                          std::int64_t limit, bool from_before) {
  const Rows rows = transaction.run(Statement(kUnlabelled).bind(after, limit, from_before));
  if (rows.empty()) return std::nullopt;
  std::vector<std::int64_t> documents;
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (int row = 0; row < rows.count(); ++row) {
    for (Label& label : labels_of(rows.bytes(row, 1))) {
      documents.push_back(rows.integer(row, 0));
      names.push_back(std::move(label.name));
      values.push_back(std::move(label.value));
    }
  }
  if (!documents.empty()) transaction.run(Statement(kAddMissing).bind(documents, names, values));
  return rows.integer(rows.count() - 1, 0);
}

}  // namespace holdfast::store::postgres
