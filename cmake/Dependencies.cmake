# SPDX-License-Identifier: Apache-2.0
# Every library comes from Debian; nothing is vendored or downloaded. Each gets one imported or
# interface target here, so that the rest of the build names what it uses and nothing else.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)            # header-only use: Asio, Beast, Process v2, Stacktrace
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)                # brings fmt
find_package(nlohmann_json REQUIRED)
find_package(PostgreSQL REQUIRED)  # libpq: see holdfast::libpq below
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(date REQUIRED)                  # time zones; C++20's own are not in GCC 12
find_package(PkgConfig REQUIRED)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
# Not by pkg-config: on Debian 13 it walks all of Abseil's dependencies, which takes it minutes.
find_path(RE2_INCLUDE re2/re2.h REQUIRED)
find_library(RE2_LIBRARY re2 REQUIRED)
find_path(TL_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
find_path(STEMMER_INCLUDE libstemmer.h REQUIRED)  # Snowball
find_library(STEMMER_LIBRARY stemmer REQUIRED)
find_path(UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)

add_library(holdfast_re2 INTERFACE)
add_library(holdfast::re2 ALIAS holdfast_re2)
target_include_directories(holdfast_re2 SYSTEM INTERFACE ${RE2_INCLUDE})
target_link_libraries(holdfast_re2 INTERFACE ${RE2_LIBRARY} Threads::Threads)

add_library(holdfast_asio INTERFACE)
add_library(holdfast::asio ALIAS holdfast_asio)
target_include_directories(holdfast_asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
# Asio's and Beast's own code is compiled once, in common/base/asio_impl.cpp and
# common/http/beast_impl.cpp, instead of in every file that includes them.
target_compile_definitions(holdfast_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(holdfast_asio INTERFACE Threads::Threads)

add_library(holdfast_stemmer INTERFACE)
add_library(holdfast::stemmer ALIAS holdfast_stemmer)
target_include_directories(holdfast_stemmer SYSTEM INTERFACE ${STEMMER_INCLUDE})
target_link_libraries(holdfast_stemmer INTERFACE ${STEMMER_LIBRARY})

add_library(holdfast_utf8proc INTERFACE)
add_library(holdfast::utf8proc ALIAS holdfast_utf8proc)
target_include_directories(holdfast_utf8proc SYSTEM INTERFACE ${UTF8PROC_INCLUDE})
target_link_libraries(holdfast_utf8proc INTERFACE ${UTF8PROC_LIBRARY})

# Its declarations only: common/store/postgres/libpq.cpp loads it when it is needed.
add_library(holdfast_libpq INTERFACE)
add_library(holdfast::libpq ALIAS holdfast_libpq)
target_include_directories(holdfast_libpq SYSTEM INTERFACE ${PostgreSQL_INCLUDE_DIRS})
target_link_libraries(holdfast_libpq INTERFACE ${CMAKE_DL_LIBS})
