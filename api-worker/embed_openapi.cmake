# SPDX-License-Identifier: Apache-2.0
# Turns openapi.json into a C++ source: cmake -DIN=… -DOUT=… -DPROJECT_VERSION=… -P embed_openapi.cmake
# As bytes: compilers need not accept a literal of more than 64 KiB.
configure_file(${IN} ${OUT}.json @ONLY)
file(READ ${OUT}.json bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUT} "// Made by api-worker/embed_openapi.cmake.
#include \"api-worker/handlers/openapi.hpp\"

namespace holdfast::api {

namespace {
constexpr char kDocument[] = {
${bytes}
};
}  // namespace

std::string_view openapi_document() { return {kDocument, sizeof kDocument}; }

}  // namespace holdfast::api
")
