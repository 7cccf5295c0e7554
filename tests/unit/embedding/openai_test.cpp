// SPDX-License-Identifier: Apache-2.0
// The provider against a real server that misbehaves in each way.
#include "tests/support/temp_dir.hpp"
#include "tests/unit/embedding/openai_bench.hpp"

#include <fstream>
#include <limits>
#include <thread>

using namespace holdfast;
using namespace holdfast::embedding;
using namespace holdfast::embedding::test;
using namespace std::chrono_literals;
using holdfast::test::TempDir;
using holdfast::test::TestAuthority;
using Way = PeerReply::Way;

TEST_CASE("texts become vectors of unit length in their order, and tokens are counted") {
  Bench bench(embed_all);
  const auto vectors = bench.embed({"a", "four", "  \n", "seven77"}, {"request-7", {}, {}});
  REQUIRE(vectors);
  REQUIRE(vectors->size() == 4);
  CHECK((*vectors)[0][0] == Approx((*vectors)[0][1]));
  CHECK((*vectors)[1][0] == Approx(4 * (*vectors)[1][1]));
  CHECK((*vectors)[3][0] == Approx(7 * (*vectors)[3][1]));
  // Servers refuse blanks, so they are not sent.
  CHECK((*vectors)[2] == std::vector<float>{1, 0, 0, 0});
  CHECK(bench.tokens == 3);
  const auto seen = bench.peer().seen();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].target == "/v1/embeddings");
  CHECK(seen[0].headers.at("x-request-id") == "request-7");
  CHECK(seen[0].headers.at("content-type") == "application/json");
  CHECK(seen[0].headers.count("authorization") == 0);
}

TEST_CASE("a request has no more texts, and no more bytes, than configured") {
  Bench bench(embed_all, [](config::Embedding& config) {
    config.batch_items = 3;
    config.batch_bytes = 10;
  });
  const auto vectors =
      bench.embed({"a", "b", "c", "d", "123456", "123456", "a very long text", "e"});
  REQUIRE(vectors);
  std::vector<std::size_t> sizes;
  for (const PeerRequest& request : bench.peer().seen())
    sizes.push_back(inputs_of(request).size());
  CHECK(sizes == std::vector<std::size_t>{3, 2, 1, 1, 1});
  CHECK((*vectors)[6][0] == Approx(16 * (*vectors)[6][1]));
}

TEST_CASE("the key is read from its file for each request") {
  const TempDir dir;
  const auto path = dir.path() / "key";
  Bench bench(embed_all, [&](config::Embedding& config) { config.api_key_file = path; });
  std::ofstream(path) << "first\n";
  REQUIRE(bench.embed({"a"}));
  std::ofstream(path) << "second\n";
  REQUIRE(bench.embed({"a"}));
  CHECK(bench.peer().seen()[0].headers.at("authorization") == "Bearer first");
  CHECK(bench.peer().seen()[1].headers.at("authorization") == "Bearer second");
  std::ofstream(path) << "a\nHost: elsewhere";
  CHECK(has(bench.error_of({"a"}), "not printable ASCII"));
  CHECK(bench.requests() == 2);
}

TEST_CASE("what may pass is tried again, and nobody hears of it") {
  struct Row {
    const char* what;
    PeerReply reply;
  };
  for (const Row& row : {
           Row{"500", {500, "oops"}},
           Row{"503 with Retry-After", {503, "", {{"Retry-After", "0"}}}},
           Row{"a closed connection", {.way = Way::Close}},
           Row{"garbage", {.way = Way::Garbage}},
           Row{"invalid JSON", {200, "{\"data\": [{"}},
           Row{"too few vectors", {200, R"({"data":[]})"}},
           Row{"429 in seconds", {429, "", {{"Retry-After", "0.01"}}}},
           Row{"429 with a date in the past",
               {429, "", {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}}},
       }) {
    DYNAMIC_SECTION(row.what) {
      Bench bench(at_first(1, row.reply), {}, 1ms);
      CHECK(bench.embed({"text"}));
      CHECK(bench.requests() == 2);
      CHECK(bench.is_up());
      CHECK(bench.went_down == 0);
    }
  }
}

TEST_CASE("a server that goes on failing opens the circuit: then calls fail at once") {
  struct Row {
    const char* what;
    PeerReply reply;
  };
  for (const Row& row : {
           Row{"500", {500, "oops"}},
           Row{"a closed connection", {.way = Way::Close}},
           Row{"invalid JSON", {200, "not JSON"}},
           Row{"too few vectors", {200, R"({"data":[]})"}},
       }) {
    DYNAMIC_SECTION(row.what) {
      Bench bench(at_first(std::numeric_limits<int>::max(), row.reply));
      CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
      // One retry, and the control text.
      CHECK(bench.requests() == 3);
      CHECK_FALSE(bench.is_up());
      CHECK(bench.went_down == 1);
      CHECK(bench.provider->state().ask_again_in > Duration::zero());
      CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
      CHECK(bench.requests() == 3);
    }
  }
}

TEST_CASE("a server that nobody answers for is an outage") {
  config::Embedding config;
  {
    const HttpPeer gone(embed_all);
    config = config_for(gone.url("/v1"));
  }
  config.retries = 0;
  OpenAiProvider provider(config, {});
  const std::vector<std::string_view> texts{"text"};
  const auto result = provider.embed(texts, {});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::Unavailable);
  CHECK_FALSE(provider.state().up);
}

TEST_CASE("what needs a person is not tried again, and says what to do") {
  struct Row {
    const char* what;
    PeerReply reply;
    std::string says;
  };
  const std::string too_long(200'000, 'x');
  for (const Row& row : {
           Row{"401", {401, R"({"error":{"message":"no such key"}})"}, "no such key"},
           Row{"404", {404, ""}, "check embedding.base_url and embedding.model"},
           Row{"a redirect",
               {302, "", {{"Location", "https://elsewhere/v2"}}},
               "it redirects to https://elsewhere/v2"},
           Row{"vectors of another length",
               {200, R"({"data":[{"index":0,"embedding":[1,2]}]})"},
               "makes vectors of 2, and embedding.dimensions is 4"},
           Row{"a gigantic answer", {200, too_long}, "is longer than"},
           Row{"an empty account",
               {429, R"({"error":{"code":"insufficient_quota","message":"pay"}})"},
               "pay"},
       }) {
    DYNAMIC_SECTION(row.what) {
      Bench bench([&](const PeerRequest&) { return row.reply; });
      const Error error = bench.error_of({"text"});
      CHECK(error.kind == ErrorKind::Unavailable);
      CHECK(has(error, row.says));
      CHECK(bench.requests() == 1);
      CHECK_FALSE(bench.is_up());
    }
  }
}

TEST_CASE("403 may be about the key or about the text, which the control text decides") {
  Bench about_the_key([](const PeerRequest&) { return PeerReply{403, ""}; });
  const Error error = about_the_key.error_of({"text"});
  CHECK(error.kind == ErrorKind::Unavailable);
  CHECK(has(error, "check embedding.api_key"));
  CHECK_FALSE(about_the_key.is_up());
  Bench about_the_text([](const PeerRequest& request) {
    return inputs_of(request)[0] == "<script>" ? PeerReply{403, ""} : embed_all(request);
  });
  CHECK(about_the_text.error_of({"<script>"}).kind == ErrorKind::InvalidArgument);
  CHECK(about_the_text.is_up());
}

TEST_CASE("a key that the server repeats is in no message") {
  const TempDir dir;
  std::ofstream(dir.path() / "key") << "a-secret-of-the-file\n";
  Bench bench(
      [](const PeerRequest& request) {
        return PeerReply{401, "no such key: " + request.headers.at("authorization").substr(7)};
      },
      [&](config::Embedding& config) { config.api_key_file = dir.path() / "key"; });
  const Error error = bench.error_of({"text"});
  CHECK(has(error, "no such key: [Redacted]"));
  CHECK_FALSE(has(error, "a-secret-of-the-file"));
}

TEST_CASE("a key file that is missing or not allowed needs a person, and nothing is sent") {
  const TempDir dir;
  Bench bench(embed_all,
              [&](config::Embedding& config) { config.api_key_file = dir.path() / "key"; });
  CHECK(has(bench.error_of({"text"}), "embedding.api_key_file"));
  CHECK_FALSE(bench.is_up());
  CHECK(bench.requests() == 0);
}

TEST_CASE("a server that takes one text at a time gets them one by one") {
  Bench bench([](const PeerRequest& request) {
    const Json first{{"index", 0}, {"embedding", raw_vector_of(inputs_of(request)[0])}};
    return PeerReply{200, Json{{"data", {first}}}.dump()};
  });
  const auto vectors = bench.embed({"a", "four", "seven77"});
  REQUIRE(vectors);
  CHECK((*vectors)[1][0] == Approx(4 * (*vectors)[1][1]));
  CHECK((*vectors)[2][0] == Approx(7 * (*vectors)[2][1]));
  CHECK(bench.is_up());
}

TEST_CASE("a server whose answers to several texts cannot be read gets them one by one") {
  const std::string way = GENERATE("index 0 for each", "not JSON", "no list");
  CAPTURE(way);
  Bench bench([way](const PeerRequest& request) {
    const auto inputs = inputs_of(request);
    if (inputs.size() > 1 && way == "not JSON") return PeerReply{200, "<html>"};
    if (inputs.size() > 1 && way == "no list") return PeerReply{200, R"({"data":null})"};
    Json data = Json::array();
    for (const std::string& input : inputs)
      data.push_back({{"index", 0}, {"embedding", raw_vector_of(input)}});
    return PeerReply{200, Json{{"data", data}}.dump()};
  });
  const auto vectors = bench.embed({"a", "four", "seven77"});
  REQUIRE(vectors);
  CHECK((*vectors)[1][0] == Approx(4 * (*vectors)[1][1]));
  CHECK((*vectors)[2][0] == Approx(7 * (*vectors)[2][1]));
  CHECK(bench.is_up());
  CHECK(bench.went_down == 0);
}

TEST_CASE("a slow server is given up at the deadline, however it is slow") {
  for (const Way way : {Way::Silent, Way::Drip, Way::DripHead}) {
    CAPTURE(static_cast<int>(way));
    Bench bench([way](const PeerRequest&) { return PeerReply{.way = way}; },
                [](config::Embedding& config) {
                  config.timeout = 100ms;
                  config.retries = 0;
                });
    CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
    CHECK_FALSE(bench.is_up());
  }
}

TEST_CASE("a query has one deadline for everything, and its failure is not looked into") {
  Bench bench([](const PeerRequest&) { return PeerReply{.way = Way::Silent}; });
  const auto began = MonoTime::clock::now();
  const Error error = bench.error_of({"query"}, {"", began + 100ms, {}});
  CHECK(error.kind == ErrorKind::Unavailable);
  CHECK(MonoTime::clock::now() >= began + 100ms);
  CHECK(bench.requests() <= 1);
  CHECK(bench.is_up());
}

TEST_CASE("a call that is told to stop ends, and that is nobody's failure") {
  std::atomic<bool> stop = false;
  Bench bench([&](const PeerRequest&) {
    stop = true;
    return PeerReply{.way = Way::Silent};
  });
  const Error error = bench.error_of({"text"}, {"", {}, [&] { return !stop; }});
  CHECK(error.kind == ErrorKind::DeadlineExceeded);
  CHECK(bench.requests() == 1);
  CHECK(bench.is_up());
}

TEST_CASE("a certificate of another name, or of nobody that is trusted, is refused") {
  const TempDir dir;
  const TestAuthority authority(dir.path().native());
  const auto attempt = [&](const HttpPeer::Tls& tls, const std::string& ca_file) {
    const HttpPeer peer(embed_all, tls);
    config::Embedding config = config_for(peer.url("/v1"));
    config.ca_file = ca_file;
    config.retries = 0;
    OpenAiProvider provider(config, {});
    const std::vector<std::string_view> texts{"text"};
    auto result = provider.embed(texts, {});
    return std::pair(std::move(result), peer.seen().size());
  };
  const auto [good, asked] = attempt(authority.issue("localhost"), authority.ca_file());
  CHECK(good);
  CHECK(asked == 1);
  const auto [wrong_name, asked_wrong] =
      attempt(authority.issue("example.org"), authority.ca_file());
  REQUIRE_FALSE(wrong_name);
  CHECK(has(wrong_name.error(), "certificate is not valid"));
  CHECK(asked_wrong == 0);
  const auto [unknown, asked_unknown] = attempt(authority.issue("localhost"), "");
  REQUIRE_FALSE(unknown);
  CHECK(has(unknown.error(), "certificate is not valid"));
  CHECK(asked_unknown == 0);
}

TEST_CASE("one call after the other shakes hands once") {
  const TempDir dir;
  const TestAuthority authority(dir.path().native());
  const HttpPeer peer(
      [](const PeerRequest& request) {
        PeerReply reply = embed_all(request);
        reply.keep = true;
        return reply;
      },
      authority.issue("localhost"));
  config::Embedding config = config_for(peer.url("/v1"));
  config.ca_file = authority.ca_file();
  OpenAiProvider provider(config, {});
  const std::vector<std::string_view> texts{"text"};
  for (int i = 0; i < 5; ++i)
    REQUIRE(provider.embed(texts, {}));
  CHECK(peer.seen().size() == 5);
  CHECK(peer.connections() == 1);
}

TEST_CASE("of several texts the one that is refused is found, and it alone is at fault") {
  const auto play = [](const PeerRequest& request) {
    for (const std::string& text : inputs_of(request)) {
      if (text == "poison") return PeerReply{400, R"({"error":{"message":"not this one"}})"};
    }
    return embed_all(request);
  };
  Bench bench(play);
  const Error error = bench.error_of({"a", "b", "poison", "c"});
  CHECK(error.kind == ErrorKind::InvalidArgument);
  CHECK(has(error, "not this one"));
  CHECK(bench.is_up());
  CHECK(bench.embed({"a", "b", "c"}));
}

TEST_CASE("a vector that is not one is the fault of its text, if another text has one") {
  const auto nan_for = [](std::string text) {
    return [text = std::move(text)](const PeerRequest& request) {
      const auto inputs = inputs_of(request);
      if (!text.empty() && inputs != std::vector<std::string>{text}) return embed_all(request);
      return PeerReply{200, R"({"data":[{"index":0,"embedding":[NaN,0,0,0]}]})"};
    };
  };
  Bench one(nan_for("poison"));
  CHECK(one.error_of({"poison"}).kind == ErrorKind::InvalidArgument);
  CHECK(one.is_up());
  Bench all(nan_for(""));
  CHECK(all.error_of({"text"}).kind == ErrorKind::Unavailable);
  CHECK_FALSE(all.is_up());
}

TEST_CASE("a server that refuses every text is wrongly configured, and no text is at fault") {
  Bench bench([](const PeerRequest&) {
    return PeerReply{400, R"({"error":{"message":"dimensions are not supported"}})"};
  });
  const Error error = bench.error_of({"a", "b"});
  CHECK(error.kind == ErrorKind::Unavailable);
  CHECK(has(error, "dimensions are not supported"));
  CHECK_FALSE(bench.is_up());
}

TEST_CASE("a text that makes the server fail is charged with it, while others go on") {
  Bench bench([](const PeerRequest& request) {
    return inputs_of(request)[0] == "poison" ? PeerReply{500, "boom"} : embed_all(request);
  });
  const Error error = bench.error_of({"poison"});
  CHECK(error.kind == ErrorKind::Internal);
  CHECK(has(error, "boom"));
  CHECK(bench.is_up());
}

TEST_CASE("a short pause that the server asks for is sat out, a long one is an error") {
  SECTION("short") {
    Bench bench(at_first(3, {429, "", {{"Retry-After", "0"}}}), {}, 1ms);
    CHECK(bench.embed({"text"}));
    CHECK(bench.requests() == 4);
  }
  SECTION("long: nobody asks before it is over, and it is no outage") {
    Bench bench(at_first(1, {429, "slow down", {{"Retry-After", "3600"}}}));
    const Error error = bench.error_of({"text"});
    CHECK(error.kind == ErrorKind::Unavailable);
    CHECK(has(error, "slow down"));
    const ProviderState state = bench.provider->state();
    CHECK(state.up);
    CHECK_FALSE(state.takes_texts);
    CHECK(state.ask_again_in > 3000s);
    CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
    CHECK(bench.requests() == 1);
  }
  SECTION("short ones without end: the job does not wait until its time is over") {
    Bench bench(
        [](const PeerRequest&) {
          return PeerReply{429, "", {{"Retry-After", "0"}}};
        },
        {}, 250ms, {.once = 15s, .in_all = 600ms});
    CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
    CHECK(bench.requests() >= 3);
    CHECK(bench.is_up());
  }
}

TEST_CASE("a probe closes the circuit when the server is back, and is not made before its time") {
  std::atomic<bool> down = true;
  const auto play = [&](const PeerRequest& request) {
    return down ? PeerReply{401, ""} : embed_all(request);
  };
  SECTION("too early") {
    Bench bench(play);
    CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
    bench.provider->probe({});
    CHECK(bench.requests() == 1);
  }
  SECTION("in time") {
    Bench bench(play, {}, 1ns);
    CHECK(bench.error_of({"text"}).kind == ErrorKind::Unavailable);
    bench.provider->probe({});
    CHECK_FALSE(bench.is_up());
    down = false;
    bench.provider->probe({});
    CHECK(bench.requests() == 3);
    CHECK(is_control(bench.peer().seen()[2]));
    CHECK(bench.is_up());
    CHECK(bench.came_up == 1);
    CHECK(bench.embed({"text"}));
    bench.provider->probe({});
    CHECK(bench.requests() == 4);
  }
}

TEST_CASE("no more requests are under way than configured") {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  Bench bench(
      [&](const PeerRequest& request) {
        const int here = ++now;
        for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
        }
        std::this_thread::yield();
        --now;
        return embed_all(request);
      },
      [](config::Embedding& config) { config.concurrency = 2; });
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 5; ++j)
        done += bench.embed({"text"}).has_value() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(done == 40);
  CHECK(most <= 2);
}

TEST_CASE("a provider on a network says what its vectors are made with") {
  Bench bench(embed_all);
  CHECK(bench.provider->space() == "openai/a-model/4");
  CHECK(bench.provider->is_remote());
  config::Embedding hashing;
  CHECK(space_of(hashing) == "hashing/256");
}
