// SPDX-License-Identifier: Apache-2.0
// Are texts that a person calls alike closer than texts that are not?

#include "common/embedding/hashing.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <string_view>

using namespace holdfast::embedding;

namespace {

double similarity(std::string_view a, std::string_view b) {
  HashingProvider provider(256);
  const std::array texts{a, b};
  const auto vectors = provider.embed(texts, {}).value();
  double dot = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    dot += static_cast<double>(vectors[0][i]) * static_cast<double>(vectors[1][i]);
  }
  return dot;
}

constexpr std::string_view kPatent =
    "Subject to the terms and conditions of this License, each Contributor hereby grants to You a "
    "perpetual, worldwide, non-exclusive, no-charge, royalty-free, irrevocable patent license to "
    "make, have made, use, offer to sell, sell, import, and otherwise transfer the Work.";
constexpr std::string_view kPatentInOtherWords =
    "Every contributor gives you, for ever and everywhere, a free patent licence that cannot be "
    "revoked, under which you may make, use, sell, import and transfer the work, provided that "
    "you keep to the license terms.";
constexpr std::string_view kWarranty =
    "Unless required by applicable law or agreed to in writing, the software is provided on an "
    "\"as is\" basis, without warranties of any kind, either express or implied, including "
    "merchantability or fitness for a particular purpose.";
constexpr std::string_view kRecipe =
    "Fry the onions in butter until they are golden, add the chopped carrots and the stock, and "
    "let the soup simmer for half an hour before seasoning it with pepper.";

}  // namespace

TEST_CASE("a text is most like itself") {
  CHECK(similarity(kPatent, kPatent) == Approx(1.0).margin(1e-5));
}

TEST_CASE("a licence paragraph is closer to its paraphrase than to another paragraph") {
  const double paraphrase = similarity(kPatent, kPatentInOtherWords);
  CHECK(paraphrase > similarity(kPatent, kWarranty) + 0.05);
  CHECK(paraphrase > similarity(kPatent, kRecipe) + 0.1);
}

TEST_CASE("a short query finds the paragraph it is about") {
  const std::string_view query = "patents granted by contributors";
  CHECK(similarity(query, kPatent) > similarity(query, kWarranty));
  CHECK(similarity(query, kPatent) > similarity(query, kRecipe));
  CHECK(similarity("carrot soup with onion", kRecipe) >
        similarity("carrot soup with onion", kPatent));
}

TEST_CASE("word forms and small misspellings stay close through their n-grams") {
  CHECK(similarity("supervisor", "supervisors") > 0.7);
  CHECK(similarity("configuration", "configuraton") > 0.15);
  CHECK(similarity("supervisor", "butterfly") < 0.2);
}
