// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/log/support.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace holdfast::log {

namespace {

const std::string kStart = "{\"time\":\"2026-11-23T11:42:43.482Z\",\"level\":\"info\",\"msg\":";

nlohmann::json parse_line(const std::string& text) {
  REQUIRE(text.size() <= kMaxLine);
  REQUIRE(text.back() == '\n');
  REQUIRE(text.find('\n') == text.size() - 1);
  return nlohmann::json::parse(text);  // throws on anything but JSON in UTF-8
}

}  // namespace

TEST_CASE("a line is one JSON object, time first") {
  Recorder recorder;
  recorder.log().info("hello");
  CHECK(recorder.text() == kStart + "\"hello\"}\n");
}

TEST_CASE("fields keep their types and their order") {
  Recorder recorder;
  const std::string text = "t";
  recorder.log().info("m", {{"s", text},
                            {"literal", "l"},
                            {"view", std::string_view("v")},
                            {"i", -1},
                            {"u16", std::uint16_t{7}},
                            {"min", std::numeric_limits<std::int64_t>::min()},
                            {"max", std::numeric_limits<std::uint64_t>::max()},
                            {"d", 0.25},
                            {"whole", 3.0},
                            {"yes", true},
                            {"no", false}});
  CHECK(recorder.text() ==
        kStart +
            "\"m\",\"s\":\"t\",\"literal\":\"l\",\"view\":\"v\",\"i\":-1,\"u16\":7,"
            "\"min\":-9223372036854775808,\"max\":18446744073709551615,\"d\":0.25,\"whole\":3,"
            "\"yes\":true,\"no\":false}\n");
}

TEST_CASE("numbers that JSON does not know are null") {
  Recorder recorder;
  recorder.log().info("m", {{"nan", std::nan("")}, {"inf", HUGE_VAL}, {"big", 1e300}});
  const auto line = parse_line(recorder.text());
  CHECK(line["nan"].is_null());
  CHECK(line["inf"].is_null());
  CHECK(line["big"] == 1e300);
}

TEST_CASE("each level has its name") {
  const auto [level, name] = GENERATE(table<Level, std::string>({{Level::Trace, "trace"},
                                                                 {Level::Debug, "debug"},
                                                                 {Level::Info, "info"},
                                                                 {Level::Warn, "warn"},
                                                                 {Level::Error, "error"}}));
  Recorder recorder;
  recorder.log().log(level, "m");
  CHECK(parse_line(recorder.text())["level"] == name);
}

TEST_CASE("text cannot leave its quotes or its line") {
  const auto [text, escaped] = GENERATE(table<std::string, std::string>({
      {"a\"b\\c", "a\\\"b\\\\c"},
      {"a\nb\r\tc", "a\\nb\\r\\tc"},
      {std::string("\0\x01\x1f\x7f", 4), "\\u0000\\u0001\\u001f\\u007f"},
      {"\x1b[31m", "\\u001b[31m"},
      {"ü€😀", "ü€😀"},
      {"a\xFFz", "a\xEF\xBF\xBDz"},                              // never a first byte
      {"\x80", "\xEF\xBF\xBD"},                                  // a continuation alone
      {"\xC3", "\xEF\xBF\xBD"},                                  // cut short at the end
      {"\xE2\x82z", "\xEF\xBF\xBD\xEF\xBF\xBDz"},                // cut short in the middle
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong '/'
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // > U+10FFFF
      {"\xF0\x82\x82\xAC", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // overlong €
  }));
  Recorder recorder;
  recorder.log().info(text, {{text, text}});
  const std::string line = recorder.text();
  CHECK(line == kStart + "\"" + escaped + "\",\"" + escaped + "\":\"" + escaped + "\"}\n");
  parse_line(line);
}

TEST_CASE("secrets are not written") {
  Recorder recorder;
  const Logger child = recorder.log().with({{"Authorization", "Bearer hunter2"}});
  child.info("m", {{"PASSWORD", "hunter2"}, {"token", 12345}, {"user", "me"}});
  CHECK(recorder.text() == kStart +
                               "\"m\",\"Authorization\":\"[Redacted]\",\"PASSWORD\":\"[Redacted]\","
                               "\"token\":\"[Redacted]\",\"user\":\"me\"}\n");
}

TEST_CASE("an error has type, message and perhaps a stack") {
  Recorder recorder;
  recorder.log().error("m", {{"err", Err{"Crash", "a \"b\"", "at x\nat y"}}});
  CHECK(parse_line(recorder.text())["err"] ==
        nlohmann::json{{"type", "Crash"}, {"message", "a \"b\""}, {"stack", "at x\nat y"}});

  const Error error{ErrorKind::Unavailable, "database is away", 0};
  recorder.log().error("m", {{"err", err_of(error)}});
  CHECK(parse_line(recorder.text())["err"] ==
        nlohmann::json{{"type", "unavailable"}, {"message", "database is away"}});

  const std::runtime_error exception("boom");
  recorder.log().error("m", {{"err", err_of(exception)}});
  const auto err = parse_line(recorder.text())["err"];
  CHECK(err["message"] == "boom");
  CHECK(err["type"] == "std::runtime_error");
  CHECK_FALSE(err.contains("stack"));
}

TEST_CASE("what an exception was caused by follows it, the outermost first") {
  Recorder recorder;
  try {
    try {
      try {
        throw std::out_of_range("no such page");
      } catch (...) {
        std::throw_with_nested(std::logic_error("cannot read"));
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error("cannot embed"));
    }
  } catch (const std::exception& error) {
    recorder.log().error("m", {{"err", err_of(error)}});
  }
  const auto err = parse_line(recorder.text())["err"];
  CHECK(err["type"] == "std::runtime_error");
  CHECK(err["message"] == "cannot embed: cannot read: no such page");
  const std::string stack = err["stack"];
  const auto second = stack.find("\ncaused by: ");
  REQUIRE(second != std::string::npos);
  CHECK(stack.find("cannot embed") < second);
  CHECK(stack.find("\ncaused by: std::out_of_range: no such page") > second);
}

TEST_CASE("what is thrown need not be an exception, and chains end") {
  try {
    throw 7;
  } catch (...) {
    CHECK(err_of_current().type == "int");
  }
  try {
    try {
      throw std::string("text");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  } catch (...) {
    const ErrText text = err_of_current();
    CHECK(text.message == "outer: not a std::exception");
    CHECK(text.stack.find("basic_string") != std::string::npos);
  }
  CHECK(err_of_current().type == "unknown");
}

TEST_CASE("a child adds its fields to each line, and to its own children's") {
  Recorder recorder;
  const Logger request = recorder.log().with({{"request_id", "r-1"}});
  const Logger job = request.with({{"job_id", 7}});
  job.info("m", {{"k", 1}});
  request.info("m");
  recorder.log().info("m");
  const auto lines = lines_of(recorder.text());
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == kStart + "\"m\",\"request_id\":\"r-1\",\"job_id\":7,\"k\":1}");
  CHECK(lines[1] == kStart + "\"m\",\"request_id\":\"r-1\"}");
  CHECK(lines[2] == kStart + "\"m\"}");
}

TEST_CASE("a line never grows past its limit and stays JSON") {
  const std::string part = GENERATE(as<std::string>{}, "x", "\"", "\x01", "ü", "\xFF");
  std::string huge;
  while (huge.size() < 2 * kMaxLine)
    huge += part;
  Recorder recorder;
  const Logger child = recorder.log().with({{"request_id", "r-1"}, {"bound", huge}});

  child.info(huge, {{"a", huge}, {"err", Err{huge, huge, huge}}, {"n", 1}, {huge, huge}});
  const auto all = parse_line(recorder.text());
  CHECK(all["request_id"] == "r-1");
  CHECK(all["truncated"] == true);
  CHECK(all["msg"].get<std::string>().ends_with("…"));

  child.info("m", {{"err", Err{huge, huge, huge}}});
  const auto err = parse_line(recorder.text());
  CHECK(err["truncated"] == true);
  CHECK(err["err"]["type"].get<std::string>().ends_with("…"));

  child.info("m", {{"short", 1}});
  CHECK(parse_line(recorder.text())["short"] == 1);
}

TEST_CASE("every length around the limit gives a whole line") {
  Recorder recorder;
  const std::string text(kMaxLine + 64, 'x');
  for (std::size_t size = kMaxLine - 260; size < kMaxLine + 8; size += 4) {
    recorder.log().info("m", {{"a", std::string_view(text).substr(0, size)},
                              {"b", "second"},
                              {"err", Err{"t", "m", "s"}}});
    const auto line = parse_line(recorder.text());
    const bool cut = line["a"].get<std::string>().size() != size || !line.contains("b") ||
                     !line.contains("err") || line["err"]["stack"] != "s";
    CHECK(line.contains("truncated") == cut);
  }
}

TEST_CASE("the time follows the clock within and across seconds") {
  Recorder recorder;
  const auto time_at = [&](std::int64_t ms) {
    recorder.clock.set_wall(from_unix_ms(ms));
    recorder.log().info("m");
    return parse_line(recorder.text())["time"].get<std::string>();
  };
  CHECK(time_at(1795434163482) == "2026-11-23T11:42:43.482Z");
  CHECK(time_at(1795434163007) == "2026-11-23T11:42:43.007Z");
  CHECK(time_at(1795434164000) == "2026-11-23T11:42:44.000Z");
  CHECK(time_at(1795434163999) == "2026-11-23T11:42:43.999Z");
  CHECK(time_at(-1) == "1969-12-31T23:59:59.999Z");
}

}  // namespace holdfast::log
