// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/queue/floor.hpp"

#include "common/os/fd.hpp"
#include "tests/bench/common/stamp.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>

namespace holdfast::bench {

namespace {

double rate_of(double seconds, const std::function<void()>& once) {
  const std::int64_t began = now_ns();
  const std::int64_t until = began + static_cast<std::int64_t>(seconds * 1e9);
  int count = 0;
  for (; now_ns() < until; ++count)
    once();
  return count * 1e9 / static_cast<double>(now_ns() - began);
}

std::filesystem::path pgbench() {
  std::filesystem::path newest;
  for (const auto& release : std::filesystem::directory_iterator("/usr/lib/postgresql"))
    newest = std::max(newest, release.path() / "bin/pgbench");
  return newest;
}

}  // namespace

double synced_writes_per_second(Beds& beds) {
  const std::filesystem::path path = beds.fresh_directory() / "synced";
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const std::array<char, 4096> page{};
  off_t at = 0;
  return rate_of(0.5, [&] {
    if (::pwrite(file.get(), page.data(), page.size(), at) < 0 || ::fdatasync(file.get()) != 0) {
      throw std::runtime_error("fdatasync failed");
    }
    at = (at + 4096) % (4096 * 1000);
  });
}

double sqlite_inserts_per_second(Beds& beds, int seconds) {
  SQLite::Database database((beds.fresh_directory() / "floor.db").native(),
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  database.exec("CREATE TABLE job(id INTEGER PRIMARY KEY, payload TEXT NOT NULL)");
  SQLite::Statement insert(database, "INSERT INTO job(payload) VALUES(?1)");
  const std::string payload(200, 'x');
  return rate_of(seconds, [&] {
    insert.bindNoCopy(1, payload);
    insert.exec();
    insert.reset();
  });
}

double postgres_inserts_per_second(Beds& beds, int clients, int seconds) {
  const std::string url = beds.fresh_postgres();
  const std::string database = url.substr(url.rfind('/') + 1);
  beds.postgres().sql(database,
                      "CREATE TABLE job(id bigserial PRIMARY KEY, payload text NOT NULL)");
  const std::filesystem::path script = beds.fresh_directory() / "insert.sql";
  std::ofstream(script) << fmt::format("INSERT INTO job(payload) VALUES('{:x<200}');\n", "");
  const auto finished = test::run_program({pgbench(), "--no-vacuum", "--protocol=prepared",
                                           fmt::format("--client={}", clients), "--jobs=1",
                                           fmt::format("--time={}", seconds),
                                           fmt::format("--file={}", script.native()), url});
  const std::size_t found = finished.output.find("\ntps = ");
  if (found == std::string::npos) throw std::runtime_error("pgbench: " + finished.output);
  return std::stod(finished.output.substr(found + 7));
}

}  // namespace holdfast::bench
