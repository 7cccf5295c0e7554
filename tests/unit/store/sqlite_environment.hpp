// SPDX-License-Identifier: Apache-2.0
#pragma once

// A SQLite database of one test, and what only its own tests need: the file, and plain SQL on it.

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/store/environment.hpp"

#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <string>

namespace holdfast::store::test {

using holdfast::test::TempDir;

class SqliteEnvironment final : public Environment {
 public:
  SqliteEnvironment();  // migrated
  std::unique_ptr<Store> open(const OpenOptions& options = {}) override;
  std::int64_t wall_ms() const override { return clock.wall_ms(); }
  void advance(Duration by) override { clock.advance(by); }
  void step_wall_clock(Duration by) override { clock.step_wall(by); }
  void step_store_clock(Duration by) override { clock.step_wall(by); }

  ManualClock clock;

  std::filesystem::path path() const { return directory_.path() / "holdfast.db"; }
  std::string url() const { return "sqlite://" + path().native(); }

 private:
  TempDir directory_;
};

// While it lives, no file may grow past `bytes`: a disk that is full, without one.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes);
  FullDisk(const FullDisk&) = delete;
  ~FullDisk();

 private:
  rlimit before_{};
  void (*handler_)(int);
};

// Another process on the same database: store_child with these arguments. It waits for the end of
// its standard input where a test has to start several together.
holdfast::test::Process store_child(std::vector<std::string> arguments);

// The first column of the first row, as text; "" if there is none.
std::string sql(const std::filesystem::path& database, const std::string& statement);

// The file, its keys, its indexes and its full text are what they should be.
void require_intact(const std::filesystem::path& database);

}  // namespace holdfast::store::test
