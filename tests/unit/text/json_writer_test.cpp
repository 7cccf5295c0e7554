// SPDX-License-Identifier: Apache-2.0
#include "common/text/json_writer.hpp"

#include "tests/support/catch.hpp"

#include <limits>

using namespace holdfast::text;

TEST_CASE("objects and arrays get their commas at every depth") {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("a").begin_array().number(1).number(-2).begin_object().end_object().end_array();
  json.key("b").begin_object().key("c").null().key("d").boolean(true).end_object();
  json.field("e", "x").field("f", 2.5).key("g").raw("{\"h\":1}");
  json.key("i").begin_array().end_array();
  json.end_object();
  CHECK(out == R"({"a":[1,-2,{}],"b":{"c":null,"d":true},"e":"x","f":2.5,"g":{"h":1},"i":[]})");
}

TEST_CASE("numbers keep every digit; what JSON cannot say is null") {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.number(std::numeric_limits<std::int64_t>::min());
  json.number(std::numeric_limits<std::uint64_t>::max());
  json.number(0.1).number(1e300);
  json.number(std::numeric_limits<double>::quiet_NaN());
  json.number(std::numeric_limits<double>::infinity());
  json.end_array();
  CHECK(out == "[-9223372036854775808,18446744073709551615,0.1,1e+300,null,null]");
}
