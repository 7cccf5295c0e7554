// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/process_stats.hpp"

#include "common/os/fd.hpp"
#include "supervisor/collector/process_families.hpp"
#include "tests/support/catch.hpp"

#include <unistd.h>

#include <chrono>

using namespace holdfast;
using namespace holdfast::supervisor::collector;

TEST_CASE("this very process has believable figures") {
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
