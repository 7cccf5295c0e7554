// SPDX-License-Identifier: Apache-2.0
// [embedding] with a provider on a network.
#include "common/config/handover.hpp"
#include "common/config/show.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/config/support.hpp"

#include <fstream>

namespace holdfast::config {

namespace {

const std::string kOpenAi =
    "[embedding]\nprovider = \"openai\"\nmodel = \"text-embedding-3-small\"\n";
const std::string kOwn =
    "[embedding]\nprovider = \"openai\"\nmodel = \"m\"\ndimensions = 768\n"
    "base_url = \"http://127.0.0.1:11434/v1\"\n";

std::string embedding_warnings(const std::string& text, const Environ& environ = {}) {
  std::string all;
  for (const std::string& warning : load_good(text, environ).warnings)
    all += warning + "\n";
  return all;
}

}  // namespace

TEST_CASE("a provider on a network lacks nothing that it needs, and the message says what") {
  using Catch::Contains;
  const Environ key{{"EMBEDDING_API_KEY", "sk-1"}};
  CHECK_THAT(load_bad("[embedding]\nprovider = \"openai\"\n", key), Contains("model is missing"));
  CHECK_THAT(load_bad(kOpenAi, key),
             Contains("dimensions is missing: the vectors of text-embedding-3-small have 1536"));
  CHECK_THAT(load_bad(kOpenAi + "dimensions = 512", key),
             Contains("the vectors of text-embedding-3-small have 1536, not 512; shorter ones"));
  CHECK_THAT(load_bad(kOpenAi + "dimensions = 2000\nrequest_dimensions = true", key),
             Contains("2000 is more than the 1536"));
  CHECK(load_good(kOpenAi + "dimensions = 512\nrequest_dimensions = true", key)
            .config.embedding.dimensions == 512);
  CHECK_THAT(load_bad("[embedding]\nprovider = \"openai\"\nmodel = \"m\"\n", key),
             Contains("dimensions is missing: how many numbers"));
  CHECK_THAT(load_bad(kOpenAi + "dimensions = 1536"), Contains("api.openai.com needs a key"));
  CHECK_THAT(load_bad(kOwn + "api_key_file = \"/nowhere/key\""), Contains("/nowhere/key"));
  CHECK_THAT(load_bad(kOwn + "api_key = \"a\"\napi_key_file = \"/nowhere/key\""),
             Contains("'api_key' is given as well"));
  CHECK_THAT(load_bad(kOwn + "ca_file = \"/nowhere/ca.pem\""), Contains("there is no file"));
  CHECK_THAT(load_bad(kOwn + "batch_bytes = \"1KiB\""), Contains("is less than chunk_bytes, 1200"));
  CHECK_THAT(load_bad("[embedding]\nbase_url = \"ftp://host\""), Contains("[embedding]"));
  CHECK_THAT(load_bad("[embedding]\nbase_url = \"https://host/v1?key=1\""),
             Contains("must not have a query"));
  CHECK_THAT(load_bad("[embedding]\nmodel = \"two words\""), Contains("is not a model's name"));
  CHECK_THAT(load_bad("[embedding]\nproxy = \"ftp://proxy\""), Contains("proxy"));
}

TEST_CASE("a server of one's own needs no key, and its URL may end in several ways") {
  for (const char* end : {"", "/", "/embeddings", "//"}) {
    CAPTURE(end);
    const std::string text =
        "[embedding]\nprovider = \"openai\"\nmodel = \"m\"\ndimensions = 768\n"
        "base_url = \"http://127.0.0.1:11434/v1" +
        std::string(end) + "\"\n";
    const Loaded loaded = load_good(text);
    CHECK(loaded.config.embedding.base_url == "http://127.0.0.1:11434/v1");
    CHECK(loaded.warnings.empty());
  }
}

TEST_CASE("what is risky or without effect about an embedding provider is warned of") {
  using Catch::Contains;
  CHECK_THAT(embedding_warnings("[embedding]\nmodel = \"m\"\n"),
             Contains("model: has no effect: the provider is \"hashing\""));
  CHECK_THAT(embedding_warnings(kOwn + "api_key = \"sk-1\"\n"),
             Contains("a secret stands in the file"));
  CHECK_THAT(embedding_warnings("[embedding]\nprovider = \"openai\"\nmodel = \"m\"\n"
                                "dimensions = 768\nbase_url = \"http://gpu.example/v1\"\n"),
             Contains("can be read on its way"));
  CHECK(embedding_warnings(kOwn, {{"EMBEDDING_API_KEY", "sk-1"}}).empty());
}

TEST_CASE("variables set up an embedding provider, and its key is shown to nobody") {
  const holdfast::test::TempDir dir;
  const auto file = dir.path() / "key";
  std::ofstream(file) << "sk-verysecret\n";
  const Config config = load_good("", {{"EMBEDDING_PROVIDER", "OpenAI"},
                                       {"EMBEDDING_URL", "https://embed.example/v1/"},
                                       {"EMBEDDING_MODEL", "m"},
                                       {"EMBEDDING_DIMENSIONS", "384"},
                                       {"EMBEDDING_API_KEY_FILE", file.native()}})
                            .config;
  CHECK(config.embedding.provider == "openai");
  CHECK(config.embedding.base_url == "https://embed.example/v1");
  CHECK(config.embedding.dimensions == 384);
  CHECK(config.embedding.api_key == "sk-verysecret");
  CHECK(show(config).find("sk-verysecret") == std::string::npos);
  // Workers get it all the same.
  const auto text = handover_text(config, "queue-worker");
  REQUIRE(text);
  CHECK(load_handover(*text)->config.embedding.api_key == "sk-verysecret");
}

}  // namespace holdfast::config
