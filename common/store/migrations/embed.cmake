# SPDX-License-Identifier: Apache-2.0
# Turns the numbered SQL files of one engine's folder into one C++ source that defines
# ENGINE_migrations(): cmake -DENGINE=sqlite -DOUT=… -P embed.cmake
# Compilers need not accept a literal of more than 64 KiB.
file(GLOB files ${CMAKE_CURRENT_LIST_DIR}/${ENGINE}/[0-9][0-9][0-9][0-9]_*.sql)
list(SORT files)
set(rows "")
set(expected 1)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  string(REGEX MATCH "^0*([0-9]+)_" _ ${name})
  if(NOT CMAKE_MATCH_1 EQUAL expected)
    message(FATAL_ERROR "${ENGINE}/${name}: migrations are numbered without gaps, ${expected} was expected")
  endif()
  math(EXPR expected "${expected} + 1")
  file(READ ${file} sql)
  string(LENGTH "${sql}" length)
  if(length GREATER 60000)
    message(FATAL_ERROR "${ENGINE}/${name}: longer than 60000 characters; split it")
  endif()
  string(APPEND rows "    {${CMAKE_MATCH_1}, \"${name}\", R\"sql(${sql})sql\"},\n")
endforeach()
set(source "// Made by common/store/migrations/embed.cmake.
#include \"common/store/migrations/migrations.hpp\"

namespace holdfast::store {

std::span<const Migration> ${ENGINE}_migrations() {
  static constexpr Migration kMigrations[] = {
${rows}  };
  return kMigrations;
}

}  // namespace holdfast::store
")
file(WRITE ${OUT} "${source}")
