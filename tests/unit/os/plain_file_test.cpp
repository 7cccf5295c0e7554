// SPDX-License-Identifier: Apache-2.0
#include "common/os/plain_file.hpp"

#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;

namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("what is no file of its own is not opened: a link, a pipe, a directory") {
  const test::TempDir dir;
  std::ofstream(dir / "elsewhere") << "kept";
  std::filesystem::create_symlink(dir / "elsewhere", dir / "link");
  std::filesystem::create_symlink(dir / "nowhere", dir / "dangling");
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_directory(dir / "directory");
  for (const char* const name : {"link", "dangling", "pipe"}) {
    INFO(name);
    const auto opened = open_plain_file(dir / name, O_RDWR | O_CREAT, 0600);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::PermissionDenied);
  }
  CHECK_FALSE(open_plain_file(dir / "directory", O_RDONLY));
  CHECK_FALSE(read_plain_file(dir / "pipe"));  // nor waited for
  CHECK_FALSE(std::filesystem::exists(dir / "nowhere"));
  CHECK(open_plain_file(dir / "elsewhere", O_RDWR));
  CHECK(open_plain_file(dir / "fresh", O_RDWR | O_CREAT, 0600));
}

TEST_CASE("a file with a second name is opened only if it is the directory's owner's") {
  const test::TempDir dir;
  std::ofstream(dir / "file") << "root's";
  REQUIRE(::link((dir / "file").c_str(), (dir / "second").c_str()) == 0);
  CHECK(open_plain_file(dir / "second", O_RDWR));
  if (::geteuid() != 0) return;  // only root can give the directory away
  REQUIRE(::chown(dir.path().c_str(), 65534, 65534) == 0);
  const auto opened = open_plain_file(dir / "second", O_RDWR);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::PermissionDenied);
  std::filesystem::remove(dir / "file");
  CHECK(open_plain_file(dir / "second", O_RDWR));
}

TEST_CASE("the mode of a held file is set, whatever has taken its name; that of a link is not") {
  const test::TempDir dir;
  std::ofstream(dir / "file") << "";
  std::ofstream(dir / "elsewhere") << "";
  REQUIRE(::chmod((dir / "file").c_str(), 0644) == 0);
  REQUIRE(::chmod((dir / "elsewhere").c_str(), 0644) == 0);
  const auto held = HeldFile::hold(dir / "file");
  REQUIRE(held);
  std::filesystem::rename(dir / "file", dir / "moved");
  std::filesystem::create_symlink(dir / "elsewhere", dir / "file");
  REQUIRE(held->set_mode(0600));
  CHECK(mode_of(dir / "moved") == 0600);
  const auto link = HeldFile::hold(dir / "file");
  REQUIRE(link);
  CHECK_FALSE(link->set_mode(0600));
  CHECK(mode_of(dir / "elsewhere") == 0644);
}

TEST_CASE("links of root and our own are followed anywhere in a path, and no others") {
  const test::TempDir dir;
  std::filesystem::create_directories(dir / "real/deep");
  std::ofstream(dir / "real/deep/file") << "kept";
  std::filesystem::create_directory_symlink("real", dir / "folder");
  std::filesystem::create_symlink("../real/./deep/file", dir / "real/one");
  CHECK(read_file_by_own_links(dir / "folder/one", 100).value() == "kept");
  CHECK(read_file_by_own_links(dir / "folder/deep/file", 100).value() == "kept");
  CHECK(read_file_by_own_links(dir / "folder/none", 100).error().kind == ErrorKind::NotFound);
  std::filesystem::create_symlink("round", dir / "round");
  CHECK_FALSE(read_file_by_own_links(dir / "round", 100));
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  CHECK(read_file_by_own_links(dir / "pipe", 100).error().kind == ErrorKind::PermissionDenied);
  if (::geteuid() != 0) {
    WARN("not tested: only root can make another user's link");
    return;
  }
  REQUIRE(::lchown((dir / "folder").c_str(), 65534, 65534) == 0);
  const auto refused = read_file_by_own_links(dir / "folder/deep/file", 100);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "'" + (dir / "folder").string() + "' is another user's link, which is not followed");
}
