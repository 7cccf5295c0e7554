// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/detect.hpp"

#include "tests/unit/import/support.hpp"

namespace holdfast::supervisor::importer {

TEST_CASE("a file's kind is seen from what is in it, and from its name") {
  const std::tuple<const char*, const char*, Kind> kCases[] = {
      {"Procfile", "web: node server.js\n", Kind::Procfile},
      {"Procfile.dev", "# for development\n\nweb: x\n", Kind::Procfile},
      {"processes", "web: x\nworker-2: y\n", Kind::Procfile},
      {"supervisord.conf", "; a comment\n[supervisord]\nnodaemon=true\n", Kind::Supervisord},
      {"worker.ini", "[program:worker]\ncommand=x\n", Kind::Supervisord},
      {"x.service", "[Unit]\nDescription=x\n\n[Service]\nExecStart=/x\n", Kind::Systemd},
      {"unit.txt", "# x\n[Service]\nExecStart=/x\n", Kind::Systemd},
      {"ecosystem.config.js", "const x = 1;\nmodule.exports = {apps: []}\n", Kind::Pm2},
      {"pm2.json", "[{\"script\": \"x.js\"}]", Kind::Pm2},
      {"processes", "{\n  \"apps\": []\n}", Kind::Pm2},
  };
  for (const auto& [name, text, kind] : kCases) {
    INFO(name << ": " << text);
    const auto found = detect(name, text);
    REQUIRE(found);
    CHECK(to_string(*found) == to_string(kind));
    CHECK(kind_by_name(to_string(kind)) == kind);
  }
  for (const char* text : {"", "hello world\n", "[a]\nb=c\n", "version = 1\n"})
    CHECK_FALSE(detect("unknown", text));
}

}  // namespace holdfast::supervisor::importer
