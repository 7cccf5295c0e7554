// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/labels.hpp"

#include "common/store/labels.hpp"

namespace holdfast::store::sqlite {

namespace {

void add_labels(SqliteConnection& connection, std::int64_t document,
                const std::vector<Label>& labels) {
  for (const Label& label : labels) {
    connection
        .query("INSERT OR IGNORE INTO document_label(name, value, document) VALUES(?1, ?2, ?3)")
        .bind(label.name, label.value, document)
        .run();
  }
}

}  // namespace

void replace_labels(SqliteConnection& connection, std::int64_t document,
                    const std::vector<Label>& labels) {
  connection.query("DELETE FROM document_label WHERE document = ?1").bind(document).run();
  add_labels(connection, document, labels);
}

std::optional<Admitted> admitted(SqliteConnection& connection, const SearchQuery& query) {
  std::optional<Admitted> all;
  const auto narrow = [&](Query rows) {
    Admitted these;
    while (rows.step()) {
      const std::int64_t document = rows.integer(0);
      if (!all || all->contains(document)) these.insert(document);
    }
    all = std::move(these);
  };
  for (const WantedLabel& label : query.labels) {
    Query rows = connection.query(
        "SELECT document FROM document_label WHERE name = ?1 AND value IN (?2, ?3)");
    rows.bind(label.name, label.value, label.or_value);
    narrow(std::move(rows));
  }
  if (query.status) {
    Query rows = connection.query("SELECT seq FROM document WHERE status = ?1");
    rows.bind(static_cast<std::int64_t>(*query.status));
    narrow(std::move(rows));
  }
  return all;
}

std::optional<std::int64_t> label_missing(SqliteConnection& connection, std::int64_t after,
                                          std::int64_t limit, bool from_before) {
  std::vector<std::pair<std::int64_t, std::string>> missing;
  {
    Query rows = connection.query(
        "SELECT seq, metadata FROM document AS d WHERE seq > ?1 AND chunk_count > 0"
        " AND metadata <> '{}' AND (NOT EXISTS(SELECT 1 FROM document_label WHERE document = d.seq)"
        // Before they are ready, the labels are those of another version.
        " OR ?3 AND status = 1)"
        " ORDER BY seq LIMIT ?2");
    rows.bind(after, limit, std::int64_t{from_before});
    while (rows.step())
      missing.emplace_back(rows.integer(0), rows.text(1));
  }
  if (missing.empty()) return std::nullopt;
  for (const auto& [document, metadata] : missing)
    add_labels(connection, document, labels_of(metadata));
  return missing.back().first;
}

}  // namespace holdfast::store::sqlite
