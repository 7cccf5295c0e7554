// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/process_stats.hpp"

#include "common/os/fd.hpp"
#include "supervisor/collector/process_families.hpp"
#include "tests/support/catch.hpp"

#include <unistd.h>

#include <chrono>

using namespace holdfast;
using namespace holdfast::supervisor::collector;

namespace {

const char* const kRest =
    " S 1 4242 4242 0 -1 4194560 1234 0 5 0 250 50 0 0 20 0 7 0 98765 104857600 2560 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 17642 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

}  // namespace

TEST_CASE("stat is parsed after the process name, whatever the name contains") {
  for (const char* name : {"worker", "my worker", "a) S 1 (b", "))", ""}) {
    INFO(name);
    const auto stat = parse_stat("4242 (" + std::string(name) + ")" + kRest);
    REQUIRE(stat.has_value());
    CHECK(stat->user_ticks == 250);
    CHECK(stat->kernel_ticks == 50);
    CHECK(stat->threads == 7);
    CHECK(stat->start_ticks == 98765);
    CHECK(stat->virtual_bytes == 104857600);
    CHECK(stat->resident_pages == 2560);
  }
}

TEST_CASE("a truncated or malformed stat is an error, not zero") {
  CHECK_FALSE(parse_stat("").has_value());
  CHECK_FALSE(parse_stat("4242 worker S 1").has_value());
  CHECK_FALSE(parse_stat("4242 (worker) S 1 4242").has_value());
  CHECK_FALSE(
      parse_stat("4242 (worker) S 1 4242 4242 0 -1 4194560 1234 0 5 0 x 50 0 0 20 0 7 0 1 1")
          .has_value());
}

TEST_CASE("the descriptor limit may be unlimited or missing") {
  const std::string head =
      "Limit                     Soft Limit           Hard Limit           Units\n";
  CHECK(parse_max_open_files(
            head + "Max open files            1024                 524288               files\n") ==
        1024);
  CHECK(parse_max_open_files(
            head + "Max open files            unlimited            unlimited            files\n") ==
        std::nullopt);
  CHECK(parse_max_open_files(head) == std::nullopt);
}

TEST_CASE("the boot time is a line of /proc/stat") {
  CHECK(parse_boot_time("cpu  1 2\nintr 1\nbtime 1700000000\nprocesses 5\n").value() == 1700000000);
  CHECK_FALSE(parse_boot_time("cpu  1 2\n").has_value());
  CHECK_FALSE(parse_boot_time("btime soon\n").has_value());
}

TEST_CASE("this process has plausible figures") {
  const auto host = read_host_facts();
  REQUIRE(host.has_value());
  const auto before = read_process_stats(::getpid(), *host);
  REQUIRE(before.has_value());
  CHECK(before->resident_bytes > 100'000);
  CHECK(before->virtual_bytes >= before->resident_bytes);
  CHECK(before->threads >= 1);
  CHECK(before->open_fds.value_or(0) >= 3);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(before->start_time_seconds < now + 2);  // btime is rounded to seconds
  CHECK(before->start_time_seconds > now - 3600);

  const Fd more(::dup(0));
  REQUIRE(static_cast<bool>(more));
  CHECK(read_process_stats(::getpid(), *host)->open_fds.value() == before->open_fds.value() + 1);
}

TEST_CASE("a process that does not exist is not found") {
  const auto missing = read_process_stats(0x7FFFFFF0, HostFacts{});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().kind == ErrorKind::NotFound);
}

TEST_CASE("a figure that the kernel does not disclose is left out") {
  ProcessStats known;
  known.open_fds = 5;
  for (const auto& family : process_families({{"a.0", known}, {"b.0", ProcessStats{}}})) {
    INFO(family.name);
    const std::size_t expected = family.name == "process_open_fds"  ? 1
                                 : family.name == "process_max_fds" ? 0
                                                                    : 2;
    CHECK(family.samples.size() == expected);
  }
}
