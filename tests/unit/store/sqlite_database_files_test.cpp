// SPDX-License-Identifier: Apache-2.0
// What is done to the files of a database while it is in use.
#include "common/store/sqlite/database_files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;
namespace fs = std::filesystem;

namespace {

fs::path beside(const fs::path& path, const std::string& suffix) {
  return path.native() + suffix;
}

}  // namespace

TEST_CASE("a write into a file that others no longer find is refused, and said why") {
  const std::string suffix = GENERATE("", "-wal", "-shm", ".writelock");
  const std::string deed = GENERATE("moved", "deleted", "replaced");
  INFO(deed << " '" << suffix << "'");
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  REQUIRE(store->check());
  const fs::path file = beside(environment.path(), suffix);
  const fs::path away = beside(file, ".away");
  if (deed == "deleted") {
    fs::remove(file);
  } else {
    fs::rename(file, away);
  }
  if (deed == "replaced") std::ofstream(file) << "another";

  const auto refused = create(*store, "lost");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Unavailable);
  CHECK(refused.error().message.find("'" + file.filename().native() + "' was " +
                                     (deed == "replaced" ? "replaced" : "moved or deleted")) !=
        std::string::npos);
  CHECK_FALSE(store->check());
  if (deed == "deleted") return;
  fs::rename(away, file);
  // It is tried by a write.
  REQUIRE(wait_until([&] { return store->check().has_value(); }));
  REQUIRE(create(*store, "after"));
}

TEST_CASE("a database behind a symbolic link is watched where the link leads, and the link too") {
  SqliteEnvironment environment;
  const fs::path real = beside(environment.path(), ".real");
  fs::rename(environment.path(), real);
  fs::create_symlink(real, environment.path());
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  fs::remove(environment.path());
  CHECK_FALSE(create(*store, "without a link"));
  fs::create_symlink(real, environment.path());
  REQUIRE(create(*store, "with it again"));
  fs::rename(beside(real, "-wal"), beside(real, "-gone"));
  CHECK_FALSE(create(*store, "without a log"));
  fs::rename(beside(real, "-gone"), beside(real, "-wal"));
}
