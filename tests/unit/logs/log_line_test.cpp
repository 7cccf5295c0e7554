// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_line.hpp"

#include "supervisor/logs/line_splitter.hpp"
#include "supervisor/logs/line_tail.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace holdfast::supervisor::logs;
using Json = nlohmann::json;

namespace {

const LineLabel kLabel("api-worker.0", 123, StreamKind::Stderr, LineFormat::Json, false);
constexpr std::string_view kTime = "2026-11-23T11:42:43.476Z";

std::string labelled(std::string_view line) {
  std::string out;
  append_line(out, {line}, kLabel, kTime);
  return out;
}

std::vector<LinePart> split(LineSplitter& splitter, std::string_view chunk,
                            std::vector<std::string>& texts) {
  std::vector<LinePart> parts;
  splitter.feed(chunk, [&](const LinePart& part) {
    texts.emplace_back(part.text);
    parts.push_back(part);
  });
  return parts;
}

}  // namespace

TEST_CASE("a priority of sd-daemon(3) is the line's level, and no part of its text") {
  const LineLabel label("web.0", 7, StreamKind::Stdout, LineFormat::Json, false,
                        LineSource::Foreign, holdfast::log::Level::Info);
  std::string out;
  append_line(out, {"<3>no route"}, label, kTime);
  const Json line = Json::parse(out);
  REQUIRE(line.at("level") == "error");
  REQUIRE(line.at("msg") == "no route");
}

TEST_CASE("a JSON line gets worker and pid at its end, and time and level at its front") {
  REQUIRE(labelled(R"({"time":"2026-11-23T10:00:00Z","level":"info","msg":"x"})") ==
          "{\"time\":\"2026-11-23T10:00:00Z\",\"level\":\"info\",\"msg\":\"x\",\"worker\":"
          "\"api-worker.0\",\"pid\":123}\n");
  REQUIRE(Json::parse(labelled("{}")).size() == 4);
  REQUIRE(Json::parse(labelled("{ }")).size() == 4);
  REQUIRE(Json::parse(labelled("{\"a\":1}\r")).at("a") == 1);
}

TEST_CASE("a line that is not a JSON object is wrapped") {
  const Json wrapped = Json::parse(labelled("Listening on \"3000\""));
  REQUIRE(wrapped == Json{{"time", kTime},
                          {"level", "info"},
                          {"msg", "Listening on \"3000\""},
                          {"worker", "api-worker.0"},
                          {"pid", 123},
                          {"stream", "stderr"}});
  for (const char* line : {"", "{", "}", "{x}", "[1]", "{\"a\":1", "{\"a\":1} trailing", "{{}}"}) {
    INFO(line);
    REQUIRE(Json::parse(labelled(line)).at("msg") == line);
  }
}

TEST_CASE("wrapped text is valid JSON whatever its bytes") {
  std::string all;
  for (int byte = 1; byte < 256; ++byte)
    all.push_back(static_cast<char>(byte));
  const Json wrapped = Json::parse(labelled(all));
  REQUIRE(wrapped.at("msg").get<std::string>().starts_with("\x01\x02"));
  REQUIRE(Json::parse(labelled("\xc3\xa9\xf0\x9f\x98\x80\t\x1b[0m")).at("msg") ==
          "\xc3\xa9\xf0\x9f\x98\x80\t\x1b[0m");
  REQUIRE(Json::parse(labelled("a\xff\xc0\x80z")).at("msg") ==
          "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST_CASE(
    "a part of a longer line is wrapped even if it looks like JSON, and marked as continued") {
  std::string out;
  append_line(out, {R"({"a":1})", true, true}, kLabel, kTime);
  const Json part = Json::parse(out);
  REQUIRE(part.at("msg") == R"({"a":1})");
  REQUIRE(part.at("continues") == true);
}

TEST_CASE("the pretty format puts the worker before the line, coloured for a terminal") {
  std::string out;
  append_line(out, {"hello"}, LineLabel("api.0", 1, StreamKind::Stdout, LineFormat::Pretty, false),
              kTime);
  REQUIRE(out == "api.0 | hello\n");
  out.clear();
  append_line(out, {"hello"}, LineLabel("api.0", 1, StreamKind::Stdout, LineFormat::Pretty, true),
              kTime);
  REQUIRE(out.starts_with("\x1b["));
  REQUIRE(out.ends_with("api.0\x1b[0m | hello\n"));
}

TEST_CASE("lines are the same whatever the sizes of the reads") {
  const std::string text = "one\n\ntwo\nthree and more\nlast\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += size)
      split(splitter, std::string_view(text).substr(at, size), lines);
    REQUIRE(lines == std::vector<std::string>{"one", "", "two", "three and more", "last"});
    REQUIRE_FALSE(splitter.has_partial());
  }
}

TEST_CASE("a line longer than the cap is passed on in marked pieces without loss") {
  for (const std::size_t extra : {std::size_t{0}, std::size_t{1}, LineSplitter::kCap + 7}) {
    const std::string line(LineSplitter::kCap + extra, 'x');
    const std::string input = line + "\nnext\n";
    for (const std::size_t size : {input.size(), std::size_t{5000}}) {
      LineSplitter splitter;
      std::vector<std::string> texts;
      std::vector<LinePart> parts;
      for (std::size_t at = 0; at < input.size(); at += size) {
        for (const auto& part : split(splitter, std::string_view(input).substr(at, size), texts))
          parts.push_back(part);
      }
      std::string joined;
      for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
        REQUIRE(texts[i].size() <= LineSplitter::kCap);
        REQUIRE(parts[i].continues == (i + 2 < texts.size()));
        REQUIRE(parts[i].piece == (extra > 0));
        joined += texts[i];
      }
      REQUIRE(joined == line);
      REQUIRE(texts.back() == "next");
      REQUIRE_FALSE(parts.back().piece);
    }
  }
}

TEST_CASE("after an unfinished line was passed on, what follows is its continuation") {
  LineSplitter splitter;
  std::vector<std::string> texts;
  split(splitter, "password: ", texts);
  REQUIRE(texts.empty());
  std::vector<LinePart> parts;
  splitter.flush([&](const LinePart& part) { parts.push_back(part); }, false);
  REQUIRE(parts.size() == 1);
  REQUIRE(parts[0].continues);
  REQUIRE_FALSE(splitter.has_partial());
  const auto rest = split(splitter, "accepted\nnext\n", texts);
  REQUIRE(texts == std::vector<std::string>{"accepted", "next"});
  REQUIRE(rest[0].piece);
  REQUIRE_FALSE(rest[1].piece);
}

TEST_CASE("the tail keeps the last whole lines within its bound") {
  LineTail tail;
  REQUIRE(tail.last(20).empty());
  for (int i = 0; i < 100000; ++i)
    tail.append("line " + std::to_string(i) + "\n");
  REQUIRE(tail.last(2) == std::vector<std::string>{"line 99998", "line 99999"});
  const auto all = tail.last(100000);
  REQUIRE(all.size() > 500);
  REQUIRE(all.front().starts_with("line "));
  tail.append("\n");
  REQUIRE(tail.last(2) == std::vector<std::string>{"line 99999", ""});
  for (int i = 0; i < 5; ++i)
    tail.append(std::string(LineTail::kKept, 'y') + "\n");
  REQUIRE(tail.last(1).front() == std::string(LineTail::kKept, 'y'));
}

TEST_CASE("no worker can write a line in another's name, Holdfast's own neither") {
  const LineLabel own("api-worker.0", 123, StreamKind::Stdout, LineFormat::Json, false,
                      LineSource::Own);
  for (const char* line :
       {R"({"time":"2026-11-23T11:42:43.476Z","worker":"other.0","pid":1,"msg":"x"})",
        R"({"time":"T"}{"worker":"other.0"})", R"({"time":"T", "worker":"other.0"})",
        R"({"time":"T","err":{"worker":"other.0"},"a":"b, c"})", R"({"worker":"other.0"})",
        R"({"a":1,"wor\u006ber":"other.0"})", R"({"a":1},"worker":"other.0"})",
        R"({"a":"b"}{"worker":"other.0"})", R"({"worker":"other.0","worker":"other.1"})",
        R"({"a":1,"worker":"other.0")"}) {
    for (const LineLabel* label : {&kLabel, &own}) {
      INFO(line);
      std::string out;
      append_line(out, {line}, *label, kTime);
      REQUIRE(std::count(out.begin(), out.end(), '\n') == 1);
      // Of a name that is there twice, parsers take either: it must be there once.
      const Json parsed = Json::parse(out, [&, names = std::make_shared<int>(0)](
                                               int depth, Json::parse_event_t event, Json& key) {
        const bool name = event == Json::parse_event_t::key && depth == 1 && key == "worker";
        if (name && ++*names > 1) FAIL("named twice: " << out);
        return true;
      });
      REQUIRE(parsed.at("worker") == "api-worker.0");
      REQUIRE(parsed.at("pid") == 123);
    }
  }
  std::string out;
  append_line(out, {R"({"time":"T","level":"info","msg":"x"})"}, own, kTime);
  REQUIRE(out ==
          "{\"time\":\"T\",\"level\":\"info\",\"msg\":\"x\",\"worker\":\"api-worker.0\",\"pid\":"
          "123}\n");
}

// The quick scan of our own logger's lines takes several bytes at a time.
TEST_CASE("what our own lines may not have is found wherever in the line it stands") {
  const LineLabel own("api-worker.0", 123, StreamKind::Stdout, LineFormat::Json, false,
                      LineSource::Own);
  for (std::size_t pad = 0; pad < 24; ++pad) {
    const std::string begin = R"({"time":"T","msg":")" + std::string(pad, 'x');
    for (const char* end : {R"(","worker":"other.0"})", R"(","pid":1,"a":"b, c"})",
                            R"("}{"worker":"other.0"})", R"(","a":1, "worker":"other.0"})"}) {
      const std::string line = begin + end;
      INFO(line);
      std::string out;
      append_line(out, {line}, own, kTime);
      const Json parsed = Json::parse(out);
      REQUIRE(parsed.at("worker") == "api-worker.0");
      REQUIRE(parsed.at("pid") == 123);
      REQUIRE(out.find(R"("worker":"other.0")") == std::string::npos);
    }
    for (const char* hidden : {"\u009b", "\u202E", "\x7f"}) {
      std::string out;
      append_line(out, {begin + hidden + R"(","a":1})"}, own, kTime);
      INFO(out);
      REQUIRE(out.find(hidden) == std::string::npos);
      REQUIRE(Json::parse(out).at("a") == 1);
    }
  }
}

TEST_CASE("what workers write reaches a terminal without its control characters") {
  const std::string nasty = "\x1b[2J\u009b31m\u202Etxt.exe\u200B";
  for (const LineSource source : {LineSource::Own, LineSource::Foreign}) {
    const LineLabel json("web.0", 1, StreamKind::Stdout, LineFormat::Json, false, source);
    const LineLabel pretty("web.0", 1, StreamKind::Stdout, LineFormat::Pretty, false, source);
    for (const std::string& line :
         std::vector<std::string>{nasty, "{\"msg\":\"a\u202Eb\u009bc\x7f\"}"}) {
      for (const LineLabel* label : {&json, &pretty}) {
        std::string out;
        append_line(out, {line}, *label, kTime);
        INFO(out);
        for (const char* hidden : {"\x1b", "\u009b", "\u202E", "\u200B", "\x7f"})
          REQUIRE(out.find(hidden) == std::string::npos);
      }
    }
  }
}
