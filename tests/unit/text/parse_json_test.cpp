// SPDX-License-Identifier: Apache-2.0
#include "common/text/parse_json.hpp"

#include "tests/support/catch.hpp"

#include <string>

using holdfast::text::parse_json;

TEST_CASE("JSON of others is all of a text, or nothing") {
  CHECK(parse_json(R"({"a":[1]})") == nlohmann::json{{"a", {1}}});
  CHECK(parse_json<nlohmann::ordered_json>("/* b */ {\"b\":1,\"a\":2}", true).dump() ==
        R"({"b":1,"a":2})");
  const std::string nul(1, '\0');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{} x"), std::string("/* b */ 1"), "{}" + nul,
        "{}" + nul + "more", nul + "{}", "[1," + nul + "2]"}) {
    INFO(text);
    CHECK(parse_json(text).is_discarded());
  }
}
