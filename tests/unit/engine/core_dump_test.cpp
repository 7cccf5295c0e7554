// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/core_dump.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::supervisor;

TEST_CASE("where the kernel has put a core dump, for each kind of kernel.core_pattern") {
  struct Row {
    const char* pattern;
    bool with_pid;
    const char* place;
  };
  const Row row = GENERATE(values<Row>({
      {"core", false, "/srv/app/core"},
      {"core", true, "/srv/app/core.4711"},
      {"core.%p", true, "/srv/app/core.4711"},
      {"", true, "/srv/app/core.4711"},
      {"", false, ""},
      {"/var/cores/%e.%p.%s", false, "/var/cores/holdfast-api-wo.4711.11"},
      {"/var/cores/%f-%h", false, "/var/cores/holdfast-api-worker-host1"},
      {"/var/cores/%u-%t-%p", false, "/var/cores/*-*-4711"},
      {"/var/100%%/%", false, "/var/100%/"},
      {"|/lib/systemd/systemd-coredump %P %u %g %s %t %c %h", false, "coredumpctl info 4711"},
      {"|/usr/share/apport/apport -p%p", false, "/var/crash, if apport keeps it"},
      {"| /opt/collect --pid %p", false, "given to /opt/collect"},
  }));
  INFO(row.pattern);
  CHECK(core_dump_place({row.pattern, row.with_pid},
                        {4711, 11, "holdfast-api-worker", "/srv/app", "host1"}) == row.place);
}

TEST_CASE("the kernel's pattern can be read") {
  CHECK_FALSE(kernel_core_pattern().pattern.empty());
}
