# SPDX-License-Identifier: Apache-2.0
# Turns the page's files into one C++ source: cmake -DOUT=… -P embed.cmake
# As bytes: compilers need not accept a literal of more than 64 KiB.
set(arrays "")
set(rows "")
function(embed path file type)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(MAKE_C_IDENTIFIER ${file} name)
  set(arrays "${arrays}constexpr char ${name}[] = {\n${bytes}\n};\n" PARENT_SCOPE)
  set(rows "${rows}    {\"${path}\", \"${type}\", {${name}, sizeof ${name}}},\n" PARENT_SCOPE)
endfunction()
embed(/ index.html "text/html; charset=utf-8")
embed(/page.css page.css "text/css; charset=utf-8")
embed(/page.js page.js "text/javascript; charset=utf-8")
embed(/dom.js dom.js "text/javascript; charset=utf-8")
embed(/events.js events.js "text/javascript; charset=utf-8")
embed(/icon.svg icon.svg "image/svg+xml")
file(WRITE ${OUT} "// Made by supervisor/status/page/embed.cmake.
#include \"supervisor/status/page.hpp\"

namespace holdfast::supervisor::status {

namespace {
${arrays}
constexpr PageFile kFiles[] = {
${rows}};
}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace holdfast::supervisor::status
")
