// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/foreign_object.hpp"

#include "supervisor/logs/log_line.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::supervisor::logs;
using Json = nlohmann::json;

namespace {

constexpr std::string_view kRead = "2026-11-23T11:42:43.476Z";

std::string written(std::string_view line, log::Level minimum = log::Level::Trace,
                    log::Level plain = log::Level::Info) {
  const LineLabel label("node.0", 123, StreamKind::Stdout, LineFormat::Json, false,
                        LineSource::Foreign, plain);
  std::string out;
  append_line(out, {line}, label, kRead, minimum);
  return out;
}

// Fails if any key of an object, at the top, is there twice.
Json parsed(const std::string& line) {
  std::set<std::string> keys;
  bool twice = false;
  const Json result =
      Json::parse(line, [&](int depth, Json::parse_event_t event, const Json& value) {
        if (depth == 1 && event == Json::parse_event_t::key) {
          twice = twice || !keys.insert(value.get<std::string>()).second;
        }
        return true;
      });
  INFO(line);
  REQUIRE_FALSE(twice);
  return result;
}

Json relayed(std::string_view line) {
  return parsed(written(line));
}

}  // namespace

TEST_CASE("the lines of common logging libraries come out with our time and level") {
  struct Row {
    const char* library;
    const char* line;
    const char* time;
    const char* level;
  };
  const Row row = GENERATE(values<Row>({
      {"pino", R"({"level":30,"time":1700000000123,"pid":7,"hostname":"h","msg":"x"})",
       "2023-11-14T22:13:20.123Z", "info"},
      {"bunyan",
       R"({"name":"a","hostname":"h","pid":7,"level":50,"msg":"x","time":"2023-11-14T22:13:20.123Z","v":0})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"zap", R"({"level":"dpanic","ts":1700000000.1234567,"caller":"a.go:1","msg":"x"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"zap, ISO 8601", R"({"level":"WARN","ts":"2023-11-14T23:13:20.123+0100","msg":"x"})",
       "2023-11-14T22:13:20.123Z", "warn"},
      {"zerolog", R"({"level":"debug","time":1700000000,"message":"x"})",
       "2023-11-14T22:13:20.000Z", "debug"},
      {"slog", R"({"time":"2023-11-14T22:13:20.123456789Z","level":"INFO","msg":"x"})",
       "2023-11-14T22:13:20.123456789Z", "info"},
      {"slog with an offset", R"({"time":"2023-11-15T00:13:20.5+02:00","level":"ERROR","msg":"x"})",
       "2023-11-14T22:13:20.500Z", "error"},
      {"structlog", R"({"event":"x","level":"warning","timestamp":"2023-11-14T22:13:20.123456Z"})",
       "2023-11-14T22:13:20.123456Z", "warn"},
      {"python-json-logger",
       R"({"asctime":"2023-11-14 22:13:20,123","levelname":"CRITICAL","message":"x"})",
       kRead.data(), "error"},
      {"Google Cloud", R"({"severity":"NOTICE","timestamp":"2023-11-14T22:13:20Z","message":"x"})",
       "2023-11-14T22:13:20Z", "info"},
      {"Logstash", R"({"@timestamp":"2023-11-14T22:13:20.123Z","@version":"1","level":"TRACE"})",
       "2023-11-14T22:13:20.123Z", "trace"},
      {"ECS", R"({"@timestamp":"2023-11-14T22:13:20.123Z","log.level":"error","message":"x"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"Monolog",
       R"({"message":"x","level":300,"level_name":"WARNING","datetime":"2023-11-14T22:13:20.123456+00:00"})",
       "2023-11-14T22:13:20.123Z", "warn"},
      {"winston", R"({"level":"silly","message":"x","timestamp":"2023-11-14T22:13:20.123Z"})",
       "2023-11-14T22:13:20.123Z", "trace"},
      {"GELF", R"({"version":"1.1","level":3,"timestamp":1700000000.123})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"Serilog", R"({"Timestamp":"2023-11-14T23:13:20.123+01:00","Level":"Fatal"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"Serilog, compact", R"({"@t":"2023-11-14T22:13:20.123Z","@mt":"x","@l":"Warning"})",
       "2023-11-14T22:13:20.123Z", "warn"},
      {".NET", R"({"Timestamp":"2023-11-14T22:13:20.123Z","LogLevel":"Error"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"OpenTelemetry", R"({"Timestamp":"1700000000123000000","SeverityText":"ERROR"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"OpenTelemetry's newer form", R"({"severity_text":"WARN"})", kRead.data(), "warn"},
      {"hclog", R"({"@timestamp":"2023-11-14T22:13:20.123Z","@level":"error","@message":"x"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"PostgreSQL", R"({"error_severity":"DEBUG1","message":"x"})", kRead.data(), "debug"},
      {"slog above error", R"({"level":"ERROR+2","msg":"x"})", kRead.data(), "error"},
      {"slog below info", R"({"level":"INFO-2","msg":"x"})", kRead.data(), "info"},
      {"loguru",
       R"({"text":"x","record":{"level":{"name":"ERROR","no":40},"time":{"timestamp":1700000000.123}}})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"a level that is an object", R"({"level":{"name":"ERROR","number":7},"msg":"x"})",
       kRead.data(), "error"},
      {"Python's numbers", R"({"levelno":40,"msg":"x"})", kRead.data(), "error"},
      {"Python's numbers and names", R"({"levelno":30,"levelname":"WARNING"})", kRead.data(),
       "warn"},
      {"OpenTelemetry's numbers", R"({"severityNumber":17,"body":"x"})", kRead.data(), "error"},
      {"its newer numbers", R"({"severity_number":13,"severity_text":""})", kRead.data(), "warn"},
      {"log15", R"({"lvl":"eror","msg":"x"})", kRead.data(), "error"},
      {"log4j2", R"({"timeMillis":1700000000123,"level":"ERROR"})", "2023-11-14T22:13:20.123Z",
       "error"},
      {"a number that JSON has not", R"({"level":"error","v":NaN})", kRead.data(), "error"},
      {"ECS, nested", R"({"log":{"level":"error"}})", kRead.data(), "error"},
      {"MongoDB",
       R"({"t":{"$date":"2023-11-14T23:13:20.123+01:00"},"s":"E","c":"REPL","id":7,"msg":"x"})",
       "2023-11-14T22:13:20.123Z", "error"},
      {"MongoDB at length", R"({"s":"D1","c":"REPL","id":7,"msg":"x"})", kRead.data(), "debug"},
      {"no logger", R"({"Level":3,"s":"E","message":"x"})", kRead.data(), "info"},
      {"neither", R"({"message":"x"})", kRead.data(), "info"},
  }));
  INFO(row.library);
  const Json line = relayed(row.line);
  CHECK(line.at("time") == row.time);
  CHECK(line.at("level") == row.level);
  CHECK(line.at("worker") == "node.0");
  CHECK(line.at("pid") == 123);
}

TEST_CASE("no key is written twice, and no value is lost to one of ours") {
  CHECK(written(R"({"level":30,"time":1700000000123,"pid":123,"msg":"x"})") ==
        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"info\",\"msg\":\"x\",\"worker\":"
        "\"node.0\",\"pid\":123}\n");
  CHECK(relayed(R"({"pid":7})").at("app_pid") == 7);
  CHECK(relayed(R"({"p\u0069d":7})").at("app_pid") == 7);
  CHECK(relayed(R"({"worker":"w1"})").at("app_worker") == "w1");
  CHECK_FALSE(relayed(R"({"worker":"node.0"})").contains("app_worker"));
  CHECK(relayed(R"({"time":0.35})").at("app_time") == 0.35);
  CHECK(relayed(R"({"time":0.35,"ts":1700000000})").at("app_time") == 0.35);
  CHECK(relayed(R"({"time":0.35})").at("time") == kRead);
  CHECK(relayed(R"({"level":60})").at("app_level") == 60);
  CHECK(relayed(R"({"level":"fatal"})").at("app_level") == "fatal");
  CHECK(relayed(R"({"level":"boss"})").at("app_level") == "boss");
  CHECK(relayed(R"({"level":"ERROR+2"})").at("app_level") == "ERROR+2");
  CHECK(relayed(R"({"Level":"Error"})").at("Level") == "Error");
  CHECK(relayed(R"({"level":{"a":1}})").at("app_level") == Json{{"a", 1}});
  CHECK_FALSE(relayed(R"({"level":"Warning"})").contains("app_level"));
  const Json both = relayed(R"({"pid":7,"app_pid":8})");
  CHECK(both.at("app_pid") == 8);
  CHECK(both.at("app_app_pid") == 7);
}

TEST_CASE("of a key that a program wrote twice the last value is kept") {
  CHECK(relayed(R"({"a":1,"a":2})").at("a") == 2);
  CHECK(relayed(R"({"level":10,"level":50})").at("level") == "error");
  CHECK(relayed(R"({"pid":7,"\u0070id":8})").at("app_pid") == 8);
  std::string many = "{";
  for (int i = 0; i < 200; ++i)
    many += "\"k" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  many += "\"pid\":1}";
  CHECK(relayed(many).at("k7") == 157);
}

TEST_CASE("a line that looks like an object and is none is wrapped") {
  for (const char* line : {R"({"user"=>"x"})", R"({"a":1,})", R"({"a":undefined})", R"({"a":'b'})",
                           "{\"a\":\"\xff\"}", R"({"a":1} {"b":2})", R"({"a":1}})"}) {
    INFO(line);
    const Json wrapped = relayed(line);
    CHECK(wrapped.size() == 6);
    CHECK(wrapped.at("msg").get<std::string>().substr(0, 5) == std::string(line).substr(0, 5));
  }
  CHECK(relayed("  {\"a\":1}\t").at("a") == 1);
}

TEST_CASE("lines below the log's level are not written") {
  CHECK(written(R"({"level":20})", log::Level::Info).empty());
  CHECK_FALSE(written(R"({"level":30})", log::Level::Info).empty());
  CHECK(written(R"({"levelname":"DEBUG"})", log::Level::Info).empty());
  CHECK(written(R"({"msg":"x"})", log::Level::Warn).empty());
  CHECK(written("plain", log::Level::Warn).empty());
  CHECK(parsed(written("plain", log::Level::Warn, log::Level::Warn)).at("level") == "warn");
  const LineLabel pretty("n.0", 1, StreamKind::Stdout, LineFormat::Pretty, false);
  std::string out;
  append_line(out, {R"({"level":10})"}, pretty, kRead, log::Level::Info);
  CHECK(out.empty());
  append_line(out, {R"({"level":30})"}, pretty, kRead, log::Level::Info);
  CHECK(out == "n.0 | {\"level\":30}\n");
}

TEST_CASE("times that cannot be placed are not guessed") {
  CHECK(foreign_time("1700000000123456789") == "2023-11-14T22:13:20.123Z");
  CHECK(foreign_time("1700000000123456") == "2023-11-14T22:13:20.123Z");
  CHECK(foreign_time("\"1700000000\"") == "2023-11-14T22:13:20.000Z");
  CHECK(foreign_time("\"2023-11-14 22:13:20 +0100\"") == "2023-11-14T21:13:20.000Z");
  for (const char* value :
       {"12", "-1", "1e300", "null", "true", "\"\"", "\"nan\"", "\"2023-11-14\"",
        "\"2023-11-14 22:13:20\"", "\"2023-02-30T00:00:00Z\"", "\"2023-11-14T25:00:00Z\"", "{}"}) {
    INFO(value);
    CHECK(foreign_time(value).empty());
  }
}

TEST_CASE("our own workers' lines are not parsed, unless they may be torn") {
  const LineLabel own("api-worker.0", 1, StreamKind::Stdout, LineFormat::Json, false,
                      LineSource::Own);
  const auto append = [&](const LinePart& part) {
    std::string out;
    append_line(out, part, own, kRead, log::Level::Error);
    return out;
  };
  CHECK(
      append({R"({"time":"t","level":"info","msg":"x"})"}) ==
      "{\"time\":\"t\",\"level\":\"info\",\"msg\":\"x\",\"worker\":\"api-worker.0\",\"pid\":1}\n");
  const std::string_view torn = R"({"time":"t","level":"info","err":{"type":"x"})";
  CHECK(parsed(append({torn, false, false, true, true})).at("msg") == torn);
  CHECK(parsed(append({"terminate called"})).at("level") == "info");
}

// Members that stay as they are go from line to line in one piece, if nothing is between their key
// and their value. With a blank there they take the whole way.
TEST_CASE("a line says the same however its members are spaced") {
  const std::vector<std::string> keys{"a",       "time",  "level", "pid",       "worker",
                                      "app_pid", "Token", "url",   "p\\u0069d", "x\u202e"};
  const std::vector<std::string> values{"1",
                                        "null",
                                        "\"\"",
                                        "\"x\"",
                                        "30",
                                        "123",
                                        "\"node.0\"",
                                        "\"\\\"\"",
                                        R"({"secret":"s","b":[1]})",
                                        R"(["https://u:p@h/x"])",
                                        R"("https://u:p@h/x?token=1")",
                                        R"("https:\/\/u:p@h\/x")",
                                        "\"\u009b\x7f\""};
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string compact = "{";
    std::string spaced = "{";
    for (std::size_t i = random() % 6; i > 0; --i) {
      const std::string& key = keys[random() % keys.size()];
      const std::string& value = values[random() % values.size()];
      const std::string comma = compact.size() > 1 ? "," : "";
      compact += comma + "\"" + key + "\":" + value;
      spaced += comma + "\"" + key + "\" :" + value;
    }
    compact += '}';
    spaced += '}';
    REQUIRE(written(compact) == written(spaced));
    REQUIRE(written(compact).find(":p@") == std::string::npos);
  }
}
