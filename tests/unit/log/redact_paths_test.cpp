// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact_paths.hpp"

#include "common/text/json_object.hpp"
#include "tests/unit/log/support.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::log {

namespace {

RedactPaths compiled(const std::vector<std::string>& paths) {
  auto result = RedactPaths::compile(paths);
  REQUIRE(result);
  return std::move(*result);
}

// The object, member by member, as the log relay does it.
std::string masked(const std::vector<std::string>& paths, const std::string& object) {
  text::JsonMembers members;
  REQUIRE(text::scan_json_object(object, members));
  const RedactPaths redact = compiled(paths);
  std::string out = "{";
  for (const text::JsonMember& member : members) {
    if (out.size() > 1) out += ',';
    out.append("\"").append(member.key).append("\":");
    const bool secrets = may_need_redaction(object);
    const std::size_t before = out.size();
    redact.append_member(out, member.key, member.value, secrets);
    // The shortcut never leaves what the whole way hides.
    if (!member.escaped_key && redact.leaves(member.key, member.value, secrets))
      CHECK(out.substr(before) == member.value);
  }
  out += '}';
  REQUIRE(nlohmann::json::accept(out));
  return out;
}

}  // namespace

TEST_CASE("a path hides what it names, and nothing else") {
  const auto [path, object, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"user.email", R"({"user":{"email":"a@b","id":1},"email":"c"})",
       R"({"user":{"email":"[Redacted]","id":1},"email":"c"})"},
      {"user.email", R"({"user.email":"a@b","x":1})", R"({"user.email":"[Redacted]","x":1})"},
      {"a.b.c", R"({"a.b":{"c":1},"a":{"b.c":2,"b":{"c":3,"d":4}}})",
       R"({"a.b":{"c":"[Redacted]"},"a":{"b.c":"[Redacted]","b":{"c":"[Redacted]","d":4}}})"},
      {"items.*.pin", R"({"items":[{"pin":1},{"pin":[2],"n":3}]})",
       R"({"items":[{"pin":"[Redacted]"},{"pin":"[Redacted]","n":3}]})"},
      {"items[*].pin", R"({"items":[{"pin":1}]})", R"({"items":[{"pin":"[Redacted]"}]})"},
      {"items.pin", R"({"items":[{"pin":1},[{"pin":2}]]})",
       R"({"items":[{"pin":"[Redacted]"},[{"pin":"[Redacted]"}]]})"},
      {"items.*.pin", R"({"items":{"a":{"pin":1},"b":{"pin":2}}})",
       R"({"items":{"a":{"pin":"[Redacted]"},"b":{"pin":"[Redacted]"}}})"},
      {"items[1]", R"({"items":["a","b","c"]})", R"({"items":["a","[Redacted]","c"]})"},
      {"items.1.x", R"({"items":[{"x":1},{"x":2}]})", R"({"items":[{"x":1},{"x":"[Redacted]"}]})"},
      {"iban", R"({"iban":"x","a":{"b":[{"IBAN":"y"}]}})",
       R"({"iban":"[Redacted]","a":{"b":[{"IBAN":"[Redacted]"}]}})"},
      {"User.EMAIL", R"({"user":{"eMail":"a"}})", R"({"user":{"eMail":"[Redacted]"}})"},
      {"user.email", R"({"us\u0065r":{"\u0065mail":"a"}})",
       R"({"us\u0065r":{"\u0065mail":"[Redacted]"}})"},
      {"req.headers['x-session']", R"({"req":{"headers":{"X-Session":"a","host":"h"}}})",
       R"({"req":{"headers":{"X-Session":"[Redacted]","host":"h"}}})"},
      {R"(a["b.c"])", R"({"a":{"b.c":1}})", R"({"a":{"b.c":"[Redacted]"}})"},
      {"*.ssn", R"({"a":{"ssn":1},"b":{"ssn":{"x":[1,2]}},"ssn":3})",
       R"({"a":{"ssn":"[Redacted]"},"b":{"ssn":"[Redacted]"},"ssn":3})"},
      {"user", R"({"user":{"a":[1,{"b":"}]"}]},"x":"\"user\""})",
       R"({"user":"[Redacted]","x":"\"user\""})"},
      {"a.b", R"({ "a" : { "b" : 1 , "c" : [ ] } })",
       R"({"a":{ "b" : "[Redacted]" , "c" : [ ] }})"},
      {"user.email", R"({"user":"text","a":{}})", R"({"user":"text","a":{}})"},
  }));
  INFO(path << " " << object);
  CHECK(masked({path}, object) == expected);
}

TEST_CASE("what is always hidden needs no path, at any depth") {
  CHECK(
      masked({}, R"({"req":{"headers":{"Authorization":"Bearer x","cookie":"a=b","host":"h"}}})") ==
      R"({"req":{"headers":{"Authorization":"[Redacted]","cookie":"[Redacted]","host":"h"}}})");
  CHECK(masked({}, R"({"p\u0061ssword":"x","list":[{"token":"y"}],"n":1})") ==
        R"({"p\u0061ssword":"[Redacted]","list":[{"token":"[Redacted]"}],"n":1})");
  CHECK(masked({}, R"({"url":"https://hooks.slack.com/services/T/B/x","u":"http://a/b"})") ==
        R"({"url":"https://hooks.slack.com/***","u":"http://a/b"})");
  // PHP escapes the slashes.
  CHECK(masked({}, R"({"a":{"url":"https:\/\/hooks.slack.com\/services\/T\/B\/x"}})") ==
        R"({"a":{"url":"https://hooks.slack.com/***"}})");
  // Nothing is said of a secret by its absence.
  CHECK(masked({}, R"({"password":null,"token":"","secret":true})") ==
        R"({"password":null,"token":"","secret":true})");
}

TEST_CASE("secrets in lists, pairs and commands need no path either") {
  const auto [object, expected] = GENERATE(table<std::string, std::string>({
      {R"({"rawHeaders":["Host","h","Cookie","a=b","X-Api-Key","x","Accept","y"]})",
       R"({"rawHeaders":["Host","h","Cookie","[Redacted]","X-Api-Key","[Redacted]","Accept","y"]})"},
      {R"({"headers":[["authorization","Basic x"],["host","h"]]})",
       R"({"headers":[["authorization","[Redacted]"],["host","h"]]})"},
      {R"({"headers":[{"name":"Set-Cookie","value":"x"},{"name":"Host","value":"h"}]})",
       R"({"headers":[{"name":"Set-Cookie","value":"[Redacted]"},{"name":"Host","value":"h"}]})"},
      {R"({"argv":["mysql", "-ppw", "db"]})", R"({"argv":["mysql","-p***","db"]})"},
      {R"({"e":{"cmd":["x","--password","pw"],"n":1}})",
       R"({"e":{"cmd":["x","--password","[Redacted]"],"n":1}})"},
      {R"({"cmd":["x","--port",80]})", R"({"cmd":["x","--port",80]})"},
      {R"({"fields":["password","name"],"args":["a","b"]})",
       R"({"fields":["password","name"],"args":["a","b"]})"},
      {R"({"q":"ALTER USER a PASSWORD 'pw'","n":"b"})",
       R"({"q":"ALTER USER a PASSWORD '***'","n":"b"})"},
      {R"({"body":"{\"password\":\"pw\"}"})", R"({"body":"{\"password\":\"***\"}"})"},
      {R"({"name":"Cookie","age":3})", R"({"name":"Cookie","age":3})"},
  }));
  INFO(object);
  CHECK(masked({}, object) == expected);
}

TEST_CASE("what is no path is refused with the reason") {
  for (const char* path :
       {"", ".", "a.", ".a", "a..b", "a[", "a[x]", "a['b", "a['b'", "a['']", "*", "*.*", "a]b[0"}) {
    INFO(path);
    const auto result = RedactPaths::compile({path});
    if (std::string(path) == "a]b[0") {
      CHECK_FALSE(result);
      continue;
    }
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::InvalidArgument);
    CHECK(result.error().message.find("'" + std::string(path) + "'") != std::string::npos);
  }
}

TEST_CASE("our own lines hide the paths too, also after a change") {
  Recorder recorder;
  recorder.log().set_redact(
      std::make_shared<const RedactPaths>(compiled({"email", "err.message", "user.id"})));
  recorder.log().error(
      "m",
      {{"Email", "a@b"}, {"user", "u"}, {"user.id", 7}, {"err", Err{"T", "a@b is taken", "s"}}});
  const auto line = nlohmann::json::parse(recorder.text());
  CHECK(line["Email"] == "[Redacted]");
  CHECK(line["user"] == "u");
  CHECK(line["user.id"] == "[Redacted]");
  CHECK(line["err"]["message"] == "[Redacted]");
  CHECK(line["err"]["stack"] == "s");
  recorder.log().set_redact(nullptr);
  recorder.log().info("m", {{"email", "a@b"}});
  CHECK(nlohmann::json::parse(recorder.text())["email"] == "a@b");
}

TEST_CASE("a webhook's path is in none of our own lines") {
  Recorder recorder;
  recorder.log().info("posted to https://hooks.slack.com/services/T/B/x",
                      {{"to", "https://discord.com/api/webhooks/1/x"}});
  const std::string text = recorder.text();
  CHECK(text.find("T/B/x") == std::string::npos);
  CHECK(text.find("webhooks/1") == std::string::npos);
}

}  // namespace holdfast::log
