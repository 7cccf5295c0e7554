// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/recent_lines.hpp"

#include "tests/support/catch.hpp"

#include <thread>

using namespace holdfast::supervisor::logs;

TEST_CASE("a name selects one worker, or every worker of a program") {
  CHECK(names_worker("all", "api-worker.0"));
  CHECK(names_worker("api*", "api-worker.0"));
  CHECK(names_worker("*-worker", "api-worker.0"));
  CHECK(names_worker("api-worker.?", "api-worker.0"));
  CHECK(name_worker({}, "api-worker.0"));
  CHECK(name_worker({"web", "api*"}, "api-worker.0"));
  CHECK_FALSE(name_worker({"web", "db*"}, "api-worker.0"));
  CHECK_FALSE(names_worker("", "api-worker.0"));
  CHECK(names_worker("api-worker", "api-worker.0"));
  CHECK(names_worker("api-worker", "api-worker.12"));
  CHECK(names_worker("api-worker.1", "api-worker.1"));
  CHECK(names_worker("holdfast", "holdfast"));
  CHECK_FALSE(names_worker("api-worker.1", "api-worker.12"));
  CHECK_FALSE(names_worker("api", "api-worker.0"));
  CHECK_FALSE(names_worker("api-worker.?", "api-worker.12"));
  CHECK_FALSE(names_worker("web", "web.site.0"));
}

TEST_CASE("the last lines come in order, of one worker or of all") {
  RecentLines recent;
  recent.append("a.0", "one\ntwo\n");
  recent.append("b.0", "three\n");
  recent.append("a.1", "four\n\n");
  CHECK(recent.last(2, {}).text == "four\n\n");
  CHECK(recent.last(3, {}).text == "three\nfour\n\n");
  CHECK(recent.last(100, {}).text == "one\ntwo\nthree\nfour\n\n");
  CHECK(recent.last(100, {"a"}).text == "one\ntwo\nfour\n\n");
  CHECK(recent.last(1, {"a.0"}).text == "two\n");
  CHECK(recent.last(0, {}).text.empty());
  CHECK(recent.last(5, {"nobody"}).text.empty());
}

TEST_CASE("a reader continues where it was and sees every line once") {
  RecentLines recent;
  recent.append("a.0", "one\n");
  auto page = recent.last(10, {});
  recent.append("a.0", "two\n");  // into the block that was read already
  recent.append("b.0", "three\n");
  page = recent.since(page.next, {}, 1 << 20);
  CHECK(page.text == "two\nthree\n");
  CHECK(page.missed == 0);
  CHECK(recent.since(page.next, {}, 1 << 20).text.empty());
}

TEST_CASE("a long answer is paged without a gap") {
  RecentLines recent;
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    const std::string line = "line " + std::to_string(i) + std::string(100, '.') + "\n";
    recent.append("a." + std::to_string(i % 3), line);
    all += line;
  }
  std::string seen;
  RecentLines::Page page;
  do {
    page = recent.since(page.next, {}, 10'000);
    CHECK(page.missed == 0);
    seen += page.text;
  } while (!page.text.empty());
  CHECK(seen == all);
}

TEST_CASE("memory is bounded, and a reader learns how much it missed") {
  RecentLines recent(1000);
  const std::string line(99, 'x');
  for (int i = 0; i < 50; ++i)
    recent.append("a." + std::to_string(i), line + "\n");
  const auto page = recent.since(0, {}, 1 << 20);
  CHECK(page.text.size() == 1000);
  CHECK(page.missed == 4000);
  CHECK(page.next == 5000);
}

TEST_CASE("a program that floods evicts its own lines, and nobody else's") {
  RecentLines recent(10'000);
  recent.append("quiet.0", "the one line that matters\n");
  recent.append("quiet.1", "and another\n");
  for (int i = 0; i < 1000; ++i)
    recent.append("loud." + std::to_string(i % 3), std::string(99, 'x') + "\n");
  CHECK(recent.last(10, {"quiet"}).text == "the one line that matters\nand another\n");
  const auto page = recent.since(0, {}, 1 << 20);
  CHECK(page.text.starts_with("the one line that matters\nand another\nxxx"));
  CHECK(page.text.size() <= 10'000);
  CHECK(page.text.size() + page.missed == page.next);
}

TEST_CASE("programs that flood share the room evenly") {
  RecentLines recent(40'000);
  for (int i = 0; i < 4000; ++i)
    recent.append(i % 4 == 0 ? "a.0" : "b.0", std::string(99, i % 4 == 0 ? 'a' : 'b') + "\n");
  const std::size_t a = recent.last(1000, {"a"}).text.size();
  const std::size_t b = recent.last(1000, {"b"}).text.size();
  CHECK(a + b <= 40'000);
  CHECK(a >= 19'000);
  CHECK(b >= 19'000);
}

TEST_CASE("of a flood only the last whole lines are kept") {
  RecentLines recent;
  std::string flood;
  while (flood.size() < 200'000)
    flood += "0123456789\n";
  recent.append("a.0", "before\n");
  recent.append("a.0", flood);
  const auto page = recent.since(0, {}, 1 << 20);
  CHECK(page.text.starts_with("before\n0123456789\n"));
  CHECK(page.text.ends_with("0123456789\n"));
  CHECK(page.missed + page.text.size() == flood.size() + 7);
  CHECK(page.text.size() <= RecentLines::kMaxAppend + 7);
  CHECK(recent.since(page.next, {}, 1 << 20).missed == 0);
}

TEST_CASE("a position beyond the end, as from an earlier supervisor, reads nothing and recovers") {
  RecentLines recent;
  recent.append("a.0", "one\n");
  const auto page = recent.since(1'000'000, {}, 100);
  CHECK(page.text.empty());
  CHECK(page.next == 4);
}

TEST_CASE("the listener is called once each time it is armed") {
  RecentLines recent;
  int calls = 0;
  recent.listen([&] { ++calls; });
  recent.append("a.0", "one\n");
  CHECK(calls == 0);
  recent.arm();
  recent.append("a.0", "two\n");
  recent.append("a.0", "three\n");
  CHECK(calls == 1);
}

TEST_CASE("one thread appends while others read") {
  RecentLines recent(10'000);
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i)
      recent.append("a.0", "a line of text\n");
  });
  std::uint64_t next = 0;
  std::uint64_t seen = 0;
  while (seen < 2000u * 15u) {
    const auto page = recent.since(next, {}, 4000);
    REQUIRE(page.next >= next);
    seen += page.text.size() + page.missed;
    next = page.next;
  }
  writer.join();
  CHECK(seen == 2000u * 15u);
}
