// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/alert_store.hpp"

#include "supervisor/alerts/saved_alert.hpp"

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using store::sqlite::SqliteConnection;

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS alert_episode (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_silence (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_history (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_number (name TEXT PRIMARY KEY, value INTEGER NOT NULL)
  WITHOUT ROWID;
)";

std::string dump_row(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string key_of(const AlertKey& key) {
  return key.name + '/' + key.target;
}

// Sorts by when it was over.
std::string history_key(const Alert& alert) {
  return fmt::format("{:016}-{}", to_unix_ms(alert.ends_at.value_or(alert.starts_at)), alert.id);
}

std::string silence_row(const Silence& silence) {
  return dump_row({{"name", silence.name},
                   {"target", silence.target},
                   {"until_ms", to_unix_ms(silence.until)},
                   {"made_ms", to_unix_ms(silence.made_at)}});
}

std::optional<Silence> load_silence(const std::string& text) {
  const json from = json::parse(text, nullptr, false);
  if (!from.is_object() || !from.contains("name") || !from["name"].is_string()) return {};
  const auto time = [&](const char* key) { return from_unix_ms(from.value(key, std::int64_t{0})); };
  return Silence{from["name"].get<std::string>(), from.value("target", ""), time("until_ms"),
                 time("made_ms")};
}

std::map<std::string, std::string> rows_of(SqliteConnection& connection, const char* sql) {
  std::map<std::string, std::string> rows;
  auto query = connection.query(sql);
  while (query.step())
    rows[query.text(0)] = query.text(1);
  return rows;
}

}  // namespace

Result<void> AlertStore::load(Notifier& notifier, const Moment& now) {
  Rows history;
  HOLDFAST_TRY(transact_([&](SqliteConnection& connection) -> Result<void> {
    connection.exec(kSchema);
    episodes_ = rows_of(connection, "SELECT key, body FROM alert_episode");
    silences_ = rows_of(connection, "SELECT key, body FROM alert_silence");
    history_ = rows_of(connection, "SELECT key, body FROM alert_history");
    auto sequence = connection.query("SELECT value FROM alert_number WHERE name = 'sequence'");
    if (sequence.step()) sequence_ = static_cast<std::uint64_t>(sequence.integer(0));
    return {};
  }));
  std::map<AlertKey, AlertEpisode> episodes;
  for (const auto& [key, text] : episodes_) {
    if (auto episode = load_episode(text, now)) episodes[episode->alert.key] = std::move(*episode);
  }
  std::vector<Silence> silences;
  for (const auto& [key, text] : silences_) {
    if (auto silence = load_silence(text)) silences.push_back(std::move(*silence));
  }
  std::vector<Alert> resolved;
  for (const auto& [key, text] : history_) {
    if (auto alert = alert_from(json::parse(text, nullptr, false)))
      resolved.push_back(std::move(*alert));
  }
  notifier.restore(std::move(episodes), Silences(std::move(silences)), std::move(resolved),
                   sequence_);
  return {};
}

void AlertStore::write_changes(SqliteConnection& connection, const std::string& table,
                               const Rows& before, const Rows& now) {
  for (const auto& [key, body] : now) {
    const auto was = before.find(key);
    if (was != before.end() && was->second == body) continue;
    connection
        .query(fmt::format("INSERT INTO {0} (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO "
                           "UPDATE SET body = excluded.body",
                           table))
        .bind(key, body)
        .run();
  }
  for (const auto& [key, body] : before) {
    if (now.contains(key)) continue;
    connection.query(fmt::format("DELETE FROM {} WHERE key = ?1", table)).bind(key).run();
  }
}

Result<void> AlertStore::save(const Notifier& notifier, const Moment& now) {
  Rows episodes;
  for (const auto& [key, episode] : notifier.episodes())
    episodes[key_of(key)] = alerts::save(episode, now);
  Rows silences;
  for (const Silence& silence : notifier.silences().all())
    silences[silence.name + '/' + silence.target] = silence_row(silence);
  Rows history;
  for (const Alert& alert : notifier.history())
    history[history_key(alert)] = dump_row(to_json(alert));
  const auto write = [&](SqliteConnection& connection) -> Result<void> {
    connection.exec(kSchema);
    write_changes(connection, "alert_episode", episodes_, episodes);
    write_changes(connection, "alert_silence", silences_, silences);
    write_changes(connection, "alert_history", history_, history);
    connection
        .query(
            "INSERT INTO alert_number (name, value) VALUES ('sequence', ?1) ON CONFLICT (name) "
            "DO UPDATE SET value = excluded.value")
        .bind(static_cast<std::int64_t>(notifier.sequence()))
        .run();
    return {};
  };
  HOLDFAST_TRY(transact_(write));
  episodes_ = std::move(episodes);
  silences_ = std::move(silences);
  history_ = std::move(history);
  sequence_ = notifier.sequence();
  return {};
}

}  // namespace holdfast::supervisor::alerts
