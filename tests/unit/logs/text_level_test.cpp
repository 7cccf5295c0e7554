// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/text_level.hpp"

#include "common/text/ascii.hpp"
#include "supervisor/logs/head_bits.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <random>
#include <string>

namespace holdfast::supervisor::logs {

TEST_CASE("the usual loggers' lines have the level that they state") {
  using enum log::Level;
  const auto [line, level] = GENERATE(table<std::string, log::Level>({
      {"ERROR:root:no route", Error},
      {"WARNING:app.db:slow", Warn},
      {"CRITICAL:root:x", Error},
      {"DEBUG:root:x", Debug},
      {"2026-11-29 10:00:00,123 - app.module - ERROR - no route", Error},
      {"2026-11-29 10:00:00,123 ERROR app.module no route", Error},
      {"[2026-11-29 10:00:00,123] ERROR in app: Exception on / [GET]", Error},
      {"[2026-11-29 10:00:00 +0000] [7] [ERROR] Exception in worker process", Error},
      {"[2026-11-29 10:00:00 +0000] [7] [INFO] Booting worker", Info},
      {"ERROR:    Exception in ASGI application", Error},
      {"INFO:     Application startup complete.", Info},
      {"[2026-11-29 10:00:00,000: ERROR/MainProcess] Task failed", Error},
      {"10:00:00.000 [main] ERROR c.e.App - no route", Error},
      {"2026-11-29 10:00:00.000  WARN 12 --- [main] o.s.b.App : slow", Warn},
      {"2026-11-29T10:00:00.000Z\terror\tcaller/a.go:3\tno route", Error},
      {"2026-11-29T10:00:00.000Z\tINFO\tstarted", Info},
      {"2026/11/29 10:00:00 [error] 7#7: *1 open() failed", Error},
      {"2026/11/29 10:00:00 [notice] 7#7: using the epoll method", Info},
      {"[Sun Nov 29 10:00:00 2026] [core:error] [pid 7] AH00124", Error},
      {"2026-11-29 10:00:00.000 UTC [7] ERROR:  relation does not exist", Error},
      {"E, [2026-11-29T10:00:00.000000 #7] ERROR -- : no route", Error},
      {"time=2026-11-29T10:00:00Z level=error msg=\"no route\"", Error},
      {"level=WARN msg=slow", Warn},
      {"E1129 10:00:00.000000       7 main.cc:12] no route", Error},
      {"I1129 10:00:00.000000       7 main.cc:12] started", Info},
      {"2026-11-29T10:00:00.000000Z ERROR app::db: no route", Error},
      {"\x1b[2m2026-11-29T10:00:00Z\x1b[0m \x1b[31mERROR\x1b[0m app: no route", Error},
      {"panic: runtime error: index out of range", Error},
      {"error: unexpected argument", Error},
      {"fatal: not a git repository", Error},
      {"Warning: this is experimental", Warn},
      {"PHP Fatal error:  Uncaught Exception: no", Error},
      {"10:00:00.000 [error] GenServer terminating", Error},
      {"npm ERROR: no such script", Error},
      {"[2026-11-29T10:00:00.000000+00:00] app.ERROR: no route {\"a\":1} []", Error},
      {"[2026-11-29 10:00:00] production.WARNING: slow", Warn},
      {"fail: Microsoft.AspNetCore.Server.Kestrel[13]", Error},
      {"\x1b[41m\x1b[30mfail\x1b[39m\x1b[22m\x1b[49m: Shop.Orders[7]", Error},
      {"crit: Shop.Orders[0]", Error},
      {"dbug: Shop.Orders[0] one line", Debug},
      {"[10:00:00 WRN] slow", Warn},
      {"10:00AM FTL no route", Error},
      {R"({"level":"error","msg":"x","v":NaN})", Error},
      {R"({"msg":"x","severity": "WARNING","n":)", Warn},
      {R"({"level":50,"msg":"x","v":undefined})", Error},
      {R"({"level":"info","msg":"ERROR: no","v":NaN})", Info},
      {"t=2026-11-29T10:00:00 lvl=eror msg=x", Error},
      {"<3>no route", Error},
      {"<4>ERROR: slow", Warn},
      {"<6>started", Info},
      {"<7>x", Debug},
      {"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1", Error},
  }));
  INFO(line);
  const auto found = text_level(line);
  REQUIRE(found);
  CHECK(*found == level);
}

TEST_CASE("a level's name in a sentence states nothing") {
  for (const char* line : {"",
                           " ",
                           "ab",
                           "no ERROR was found",
                           "the error was fixed",
                           "errors: 0",
                           "started",
                           "information about error handling",
                           "GET /error 200",
                           "Listening on http://0.0.0.0:80",
                           "0 errors, 0 warnings",
                           "alert(1)",
                           "trace",
                           "ValueError: x",
                           "user logged in as info",
                           "rows=3 leveled=error",
                           "fail: test_orders",
                           "see app.ERROR: there",
                           "app.error: x",
                           "    at f (a.js:1:2)",
                           "<html>"}) {
    INFO(line);
    CHECK_FALSE(text_level(line));
  }
}

// HeadBits looks at many bytes at once: it finds what a look at one after the other finds.
TEST_CASE("words begin and end where their bytes say so") {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  const auto is_mark = [](char c) {
    return text::is_digit(c) || std::string_view("[]()|").find(c) != std::string_view::npos;
  };
  std::mt19937 random(7);
  const std::string_view common = "  \t azAZ09[]()|-:=@`{\x1b\x7f";
  for (int round = 0; round < 3000; ++round) {
    std::string head(random() % (HeadBits::kLongest + 1), ' ');
    const std::size_t run = 1 + random() % 70;  // long runs cross the words of bits
    for (std::size_t i = 0; i < head.size(); ++i) {
      if (i > 0 && i % run != 0) {
        head[i] = head[i - 1];
      } else {
        head[i] = random() % 4 == 0 ? static_cast<char>(random() % 256)
                                    : common[random() % common.size()];
      }
    }
    const std::size_t from = head.empty() ? 0 : random() % (head.size() + 1);
    const std::size_t end = from + random() % (head.size() - from + 1);
    const auto expected = [&](const auto& is_kind) {
      const auto begin = head.begin();
      return static_cast<std::size_t>(std::find_if(begin + static_cast<std::ptrdiff_t>(from),
                                                   begin + static_cast<std::ptrdiff_t>(end),
                                                   is_kind) -
                                      begin);
    };
    HeadBits bits(head);
    REQUIRE(bits.space(from, end) == expected(is_space));
    REQUIRE(bits.no_space(from, end) == expected([&](char c) { return !is_space(c); }));
    REQUIRE(bits.letter(from, end) == expected(text::is_alpha));
    REQUIRE(bits.no_letter(from, end) == expected([](char c) { return !text::is_alpha(c); }));
    REQUIRE(bits.header_mark(from, end) == expected(is_mark));
  }
}

}  // namespace holdfast::supervisor::logs
