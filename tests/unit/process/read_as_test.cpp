// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/read_as.hpp"

#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/launched.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;

namespace {

const Identity kStranger{65534, 65534, {65534}};

// A directory of nobody's, beside which root has a file for itself.
struct Place {
  Place() {
    namespace fs = std::filesystem;
    fs::permissions(dir.path(), fs::perms(0755));
    std::ofstream(dir / "secret") << "of root";
    fs::permissions(dir / "secret", fs::perms(0600));
    fs::create_directory(dir / "app");
    REQUIRE(::chown((dir / "app").c_str(), kStranger.uid, kStranger.gid) == 0);
  }
  std::filesystem::path app(const std::string& name) const { return dir / "app" / name; }

  holdfast::test::TempDir dir;
};

}  // namespace

TEST_CASE("a file is read as another user, who does not get what only root may read") {
  if (!holdfast::supervisor::process::test::is_root()) return;
  const Place place;
  std::ofstream(place.app("own")) << std::string(100'000, 'x');
  REQUIRE(::chown(place.app("own").c_str(), kStranger.uid, kStranger.gid) == 0);
  REQUIRE(::chmod(place.app("own").c_str(), 0400) == 0);
  CHECK(read_file_as(kStranger, place.app("own"), 100'000).value().size() == 100'000);
  CHECK(read_file_as(kStranger, place.app("own"), 99'999).error().kind ==
        ErrorKind::ResourceExhausted);
  CHECK(read_file_as(kStranger, place.app("none"), 10).error().kind == ErrorKind::NotFound);

  std::filesystem::create_symlink(place.dir / "secret", place.app("link"));
  const auto refused = read_file_as(kStranger, place.app("link"), 100);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "open '" + place.app("link").string() + "': Permission denied");
}

TEST_CASE("what this process has open cannot be read by a link of another user, nor a pipe") {
  if (!holdfast::supervisor::process::test::is_root()) return;
  const Place place;
  std::ofstream(place.dir / "open") << "open to all";
  const Fd open(::open((place.dir / "open").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(open);
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(open.get()), place.app("link"));
  CHECK_FALSE(read_file_as(kStranger, place.app("link"), 100));
  REQUIRE(::mkfifo(place.app("pipe").c_str(), 0644) == 0);
  CHECK(read_file_as(kStranger, place.app("pipe"), 100).error().message ==
        "'" + place.app("pipe").string() + "' is not a regular file");
}
