// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/outbox.hpp"

#include "supervisor/alerts/notification_json.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::supervisor::alerts {

namespace {

using Connection = Database::Connection;

std::string text_of(const std::vector<std::string>& ids) {
  return nlohmann::json(ids).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> ids_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  std::vector<std::string> ids;
  if (!json.is_array()) return ids;
  for (const auto& id : json) {
    if (id.is_string()) ids.push_back(id.get<std::string>());
  }
  return ids;
}

}  // namespace

Outbox::Outbox(Database& database) : database_(database) {
  // What fails has been told by the database.
  static_cast<void>(database_.transact([](Connection& connection) -> Result<void> {
    connection.exec(
        "CREATE TABLE IF NOT EXISTS outbox_entries ("
        "receiver TEXT NOT NULL, number INTEGER NOT NULL, notification TEXT NOT NULL,"
        "ids TEXT NOT NULL, since_ms INTEGER NOT NULL, given_up INTEGER NOT NULL,"
        "PRIMARY KEY (receiver, number)) WITHOUT ROWID");
    return {};
  }));
}

std::vector<StoredEntry> Outbox::load(const std::string& receiver) {
  std::vector<StoredEntry> entries;
  static_cast<void>(database_.transact([&](Connection& connection) -> Result<void> {
    std::vector<std::int64_t> unreadable;
    {
      auto query = connection.query(
          "SELECT number, notification, ids, since_ms, given_up FROM outbox_entries "
          "WHERE receiver=?1 ORDER BY number");
      query.bind(receiver);
      while (query.step()) {
        auto notification = notification_from_json(query.text(1));
        if (!notification) {
          unreadable.push_back(query.integer(0));
          continue;
        }
        StoredEntry entry;
        entry.number = query.integer(0);
        entry.notification = std::move(*notification);
        entry.ids = ids_of(query.text(2));
        entry.since = from_unix_ms(query.integer(3));
        entry.given_up = static_cast<std::uint64_t>(std::max<std::int64_t>(0, query.integer(4)));
        entries.push_back(std::move(entry));
      }
    }
    for (const std::int64_t number : unreadable) {
      connection.query("DELETE FROM outbox_entries WHERE receiver=?1 AND number=?2")
          .bind(receiver, number)
          .run();
    }
    return {};
  }));
  return entries;
}

std::vector<std::string> Outbox::receivers() {
  std::vector<std::string> names;
  static_cast<void>(database_.transact([&](Connection& connection) -> Result<void> {
    auto query = connection.query("SELECT DISTINCT receiver FROM outbox_entries");
    while (query.step())
      names.push_back(query.text(0));
    return {};
  }));
  return names;
}

void Outbox::apply(const std::string& receiver, const QueueChanges& changes) {
  if (changes.empty()) return;
  static_cast<void>(database_.transact([&](Connection& connection) -> Result<void> {
    for (const std::int64_t number : changes.erased) {
      connection.query("DELETE FROM outbox_entries WHERE receiver=?1 AND number=?2")
          .bind(receiver, number)
          .run();
    }
    for (const StoredEntry& entry : changes.put) {
      connection
          .query(
              "INSERT OR REPLACE INTO outbox_entries "
              "(receiver, number, notification, ids, since_ms, given_up) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
          .bind(receiver, entry.number, to_json(entry.notification), text_of(entry.ids),
                to_unix_ms(entry.since), static_cast<std::int64_t>(entry.given_up))
          .run();
    }
    return {};
  }));
}

std::vector<std::string> Outbox::forget(const std::string& receiver) {
  std::vector<std::string> ids;
  for (const StoredEntry& entry : load(receiver))
    ids.insert(ids.end(), entry.ids.begin(), entry.ids.end());
  static_cast<void>(database_.transact([&](Connection& connection) -> Result<void> {
    connection.query("DELETE FROM outbox_entries WHERE receiver=?1").bind(receiver).run();
    return {};
  }));
  return ids;
}

}  // namespace holdfast::supervisor::alerts
