// SPDX-License-Identifier: Apache-2.0
// docs/status.schema.json accepts what a real stack answers and rejects what it never would.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// The part of JSON Schema 2020-12 that the file uses. Any other keyword is an error, so that none
// is silently ignored. Returns the first violation with its place, or an empty string.
class Schema {
 public:
  explicit Schema(json root) : root_(std::move(root)) {}
  std::string check(const json& value) const { return check(root_, value, "$"); }

 private:
  static bool is_a(const std::string& type, const json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    throw std::runtime_error("unknown type " + type);
  }

  std::string check(const json& schema, const json& value, const std::string& at) const {
    for (const auto& [keyword, rule] : schema.items()) {
      std::string wrong = check_keyword(keyword, rule, schema, value, at);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string check_keyword(const std::string& keyword, const json& rule, const json& schema,
                            const json& value, const std::string& at) const {
    if (keyword == "$schema" || keyword == "$id" || keyword == "$defs" || keyword == "title" ||
        keyword == "description")
      return "";
    if (keyword == "$ref") {
      return check(root_.at(json::json_pointer(rule.get<std::string>().substr(1))), value, at);
    }
    if (keyword == "type") return is_a(rule, value) ? "" : at + " is no " + rule.get<std::string>();
    if (keyword == "const") return value == rule ? "" : at + " is not " + rule.dump();
    if (keyword == "enum") {
      return std::find(rule.begin(), rule.end(), value) != rule.end()
                 ? ""
                 : at + " is unknown: " + value.dump();
    }
    if (keyword == "minimum") return value >= rule ? "" : at + " is below " + rule.dump();
    if (keyword == "required") {
      for (const json& name : rule) {
        if (!value.contains(name.get<std::string>())) return at + " lacks " + name.dump();
      }
      return "";
    }
    if (keyword == "properties") {
      for (const auto& [name, member] : value.items()) {
        if (!rule.contains(name)) continue;
        const std::string wrong = check(rule[name], member, at + "." + name);
        if (!wrong.empty()) return wrong;
      }
      return "";
    }
    if (keyword == "additionalProperties") {
      for (const auto& [name, member] : value.items()) {
        if (schema.contains("properties") && schema["properties"].contains(name)) continue;
        if (rule == false) return at + "." + name + " is not in the schema";
        const std::string wrong = check(rule, member, at + "." + name);
        if (!wrong.empty()) return wrong;
      }
      return "";
    }
    if (keyword == "items") {
      for (std::size_t i = 0; i < value.size(); ++i) {
        const std::string wrong = check(rule, value[i], at + "[" + std::to_string(i) + "]");
        if (!wrong.empty()) return wrong;
      }
      return "";
    }
    throw std::runtime_error("the test does not know the keyword " + keyword);
  }

  const json root_;
};

Schema published() {
  std::ifstream file(std::string(HOLDFAST_SOURCE_DIR) + "/docs/status.schema.json");
  return Schema(json::parse(file));
}

}  // namespace

TEST_CASE("The published schema accepts a fleet that starts, serves and loses a worker") {
  const Schema schema = published();
  Stack stack(default_stack());
  const auto holds = [&] {
    const json now = stack.status();
    if (!now.is_object()) return;
    INFO(now.dump(1));
    REQUIRE(schema.check(now) == "");
  };
  REQUIRE(wait_until([&] {
    holds();
    const json now = stack.status();
    return now.is_object() && now["ready"] == true;
  }));
  const pid_t victim = stack.pid_of("api-worker.0");
  REQUIRE(victim > 0);
  signal_process(victim, SIGKILL);
  REQUIRE(wait_until([&] {
    holds();
    return stack.worker("api-worker.0").contains("last_exit");
  }));
  holds();
}

TEST_CASE("The published schema accepts a program that watches files and has a log file") {
  const Schema schema = published();
  TempDir dir;
  std::ofstream(dir / "a.js") << "1";
  Stack stack(
      "environment = \"development\"\n[program.web]\ncommand = [\"sleep\", \"1000\"]\n"
      "ready = \"started\"\ndirectory = \"" +
      dir.path().string() + "\"\nwatch = [\"*.js\", \"../" + dir.path().filename().string() +
      "/none/*\"]\nlog_file = \"" + (dir / "web.log").string() + "\"\n");
  stack.wait_ready();
  const auto watch = [&]() -> json {
    const json now = stack.status();
    return now.is_object() ? now["programs"][0].value("watch", json::object()) : json::object();
  };
  REQUIRE(wait_until([&] { return watch().contains("problem"); }));
  std::ofstream(dir / "a.js") << "2";
  REQUIRE(wait_until([&] { return watch().contains("last_change"); }));
  const json now = stack.status();
  INFO(now.dump(1));
  CHECK(schema.check(now) == "");
}

TEST_CASE("The published schema rejects what the supervisor never answers") {
  const Schema schema = published();
  Stack stack(default_stack());
  stack.wait_ready();
  const json good = stack.status();
  REQUIRE(schema.check(good) == "");
  const std::vector<json> patches{{{"schema", 2}},          {{"state", "fine"}},
                                  {{"ready", "yes"}},       {{"pid", -1}},
                                  {{"uptime_seconds", -1}}, {{"programs", json::object()}},
                                  {{"surprise", 1}},        {{"listeners", {{"http", 3000}}}}};
  for (const json& patch : patches) {
    json bad = good;
    bad.update(patch);
    CAPTURE(patch.dump());
    CHECK(schema.check(bad) != "");
  }
  json bad = good;
  bad["programs"][0]["workers"][0]["state"] = "sleepy";
  CHECK(schema.check(bad).find("sleepy") != std::string::npos);
  bad = good;
  bad.erase("programs");
  CHECK(schema.check(bad) == "$ lacks \"programs\"");
}
