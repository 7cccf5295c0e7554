// SPDX-License-Identifier: Apache-2.0
// The status page as served: self-contained, under a policy that enforces this.
#include "supervisor/status/page.hpp"

#include "tests/support/catch.hpp"

#include <regex>
#include <set>
#include <string>

using namespace holdfast;
using namespace holdfast::supervisor::status;

namespace {

std::string body_of(const std::string& path) {
  const auto answer = page_answer(path);
  REQUIRE(answer);
  return answer->body;
}

std::set<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), regex);
       at != std::sregex_iterator(); ++at)
    found.insert((*at)[1]);
  return found;
}

}  // namespace

TEST_CASE("Every file has its type, and a policy without exceptions") {
  CHECK(*page_answer("/")->headers.find("Content-Type") == "text/html; charset=utf-8");
  CHECK(*page_answer("/page.css")->headers.find("Content-Type") == "text/css; charset=utf-8");
  CHECK(*page_answer("/page.js")->headers.find("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(*page_answer("/icon.svg")->headers.find("Content-Type") == "image/svg+xml");
  CHECK_FALSE(page_answer("/page.html"));
  CHECK_FALSE(page_answer(""));
  for (const PageFile& file : page_files()) {
    CAPTURE(file.path);
    const std::string policy = *page_answer(file.path)->headers.find("Content-Security-Policy");
    CHECK(policy.starts_with("default-src 'none';"));
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find('*') == std::string::npos);
    CHECK(policy.find("http") == std::string::npos);
  }
}

TEST_CASE("What the page loads is embedded with it, and nothing is inline") {
  const std::string html = body_of("/");
  const auto loaded = all_matches(html, "(?:src=|<link[^>]* href=)\"([^\"]+)\"");
  CHECK(loaded == std::set<std::string>{"/icon.svg", "/page.css", "/page.js"});
  for (const std::string& path : loaded)
    CHECK(page_answer(path));
  CHECK(html.find("style=") == std::string::npos);
  CHECK(html.find("<style") == std::string::npos);
  CHECK(all_matches(html, "\\s(on[a-z]+)=").empty());
  for (const std::string& script : {std::string("/page.js"), std::string("/events.js")}) {
    for (const std::string& name : all_matches(body_of(script), "from \"\\./([a-z]+\\.js)\""))
      CHECK(page_answer("/" + name));
  }
  for (const char* path : {"/page.css", "/page.js", "/events.js", "/dom.js"}) {
    CAPTURE(path);
    CHECK(all_matches(body_of(path), "(https?://[^ \"'`]+)") ==
          (std::string(path) == "/dom.js" ? std::set<std::string>{"http://www.w3.org/2000/svg"}
                                          : std::set<std::string>{}));
    CHECK(body_of(path).find("@import") == std::string::npos);
  }
}

TEST_CASE("Every element that the script uses exists in the page") {
  const std::string html = body_of("/");
  const std::string script = body_of("/page.js") + body_of("/events.js") + body_of("/dom.js");
  const auto ids = all_matches(html, "id=\"([a-z-]+)\"");
  const auto wanted = all_matches(script, "\\$\\(\"([a-z-]+)\"\\)");
  CHECK(wanted.size() > 10);
  for (const std::string& id : wanted) {
    CAPTURE(id);
    CHECK(ids.contains(id));
  }
  // Texts of the stack are never taken for markup.
  CHECK(script.find(".innerHTML =") == std::string::npos);
  CHECK(script.find("insertAdjacentHTML") == std::string::npos);
}
