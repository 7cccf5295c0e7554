// SPDX-License-Identifier: Apache-2.0
// What a character is to search, in all scripts, and which spellings of a word are one.

#include "common/search/letters.hpp"

#include "common/search/analyser.hpp"
#include "common/search/ranking.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>
#include <sstream>

using namespace holdfast::search;

namespace {

using Cases = std::vector<std::pair<const char*, const char*>>;

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  for (const Token& token : tokenise(text).words)
    words.push_back(token.text);
  return words;
}

std::set<std::string> terms_in(std::string_view text) {
  std::set<std::string> terms;
  std::istringstream in(Analyser().index_terms(text));
  for (std::string term; in >> term;)
    terms.insert(term);
  return terms;
}

// Whether the index and the ranking both have the last thing that a query looks for.
bool has(std::string_view text, std::string_view query) {
  const Query parsed = Analyser().parse_query(query);
  if (parsed.terms.empty()) return false;
  const auto terms = terms_in(text);
  const Term& last = parsed.terms.back();
  const bool indexed =
      terms.contains(last.word) ||
      std::any_of(last.variants.begin(), last.variants.end(),
                  [&](const std::string& variant) { return terms.contains(variant); });
  Analyser analyser;
  Ranker ranker(analyser, parsed, {1000, std::vector<std::uint64_t>(parsed.terms.size(), 1)},
                {0, 1});
  const auto matches = ranker.matches(text);
  const bool ranked = std::any_of(matches.begin(), matches.end(), [&](const Match& match) {
    return match.term == parsed.terms.size() - 1;
  });
  CHECK(indexed == ranked);
  return indexed;
}

// Whether the words that stand in order have one of the spellings of a query's only phrase.
bool has_phrase(std::string_view text, std::string_view query) {
  const auto phrases = Analyser().parse_query(query).phrases;
  REQUIRE(phrases.size() == 1);
  std::string ordered = " " + Analyser().index_terms(text);
  ordered.resize(ordered.find(" " + std::string(kUnordered)));
  ordered += ' ';
  return std::any_of(phrases[0].begin(), phrases[0].end(), [&](const auto& spelling) {
    std::string wanted = " ";
    for (const std::string& word : spelling)
      wanted += word + " ";
    return ordered.find(wanted) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a symbol ends a word") {
  const Cases table{
      {"Breakfast🍞 is served", "breakfast"},
      {"Breakfast🍞is served", "breakfast"},
      {"thanks🙏 all", "thanks"},
      {"I🧡NY", "ny"},
      {"I❤\uFE0FNY", "ny"},
      {"Ticket🎫1234", "1234"},
      {"🇩🇪Deutschland", "deutschland"},
      {"Deutschland🇩🇪", "deutschland"},
      {"👍🏽ok", "ok"},
      {"👩\u200D💻dev", "dev"},
      {"🅰\uFE0Fpple", "pple"},
      {"foo☺bar", "foo"},
      {"price→value", "value"},
      {"5⅓cups", "cups"},
      {"foo℗bar", "bar"},
      {"12⳩x", "x"},
      {"a☰b龍䷀", "龍"},
      {"𝄞music", "music"},
      {"icon\uE000word", "word"},
  };
  for (const auto& [text, query] : table) {
    INFO(query << " in " << text);
    CHECK(has(text, query));
  }
  CHECK(has_phrase("thanks🙏 all", "\"thanks all\""));
}

TEST_CASE("punctuation of any script ends a word") {
  const Cases table{
      {"ሰላም። ነህ", "ሰላም ነህ"},  // Ethiopic
      {"ሰላም፡ነህ", "ሰላም ነህ"},
      {"नमस्ते॥ जी", "नमस्ते जी"},  // Devanagari
      {"डॉ॰ राम", "डॉ राम"},
      {"ᠮᠣᠩᠭᠣᠯ᠂ ᠪᠢ", "ᠮᠣᠩᠭᠣᠯ ᠪᠢ"},    // Mongolian
      {"ꯃꯤꯇꯩ꯫ ꯑ", "ꯃꯤꯇꯩ ꯑ"},          // Meitei
      {"ߒߞߏ߹ ߛ", "ߒߞߏ ߛ"},            // N'Ko
      {"ܫܠܡܐ܀ ܐ", "ܫܠܡܐ ܐ"},          // Syriac
      {"བོད༎ཡིག", "བོད ཡིག"},             // Tibetan
      {"ᚠᚢ᛫ᚦ", "ᚠᚢ ᚦ"},               // Runic
      {"ꦗꦮ꧉ ꦄ", "ꦗꦮ ꦄ"},              // Javanese
      {"ᐃᓄᒃ᙮ ᐊ", "ᐃᓄᒃ ᐊ"},            // Canadian
      {"𐤔𐤋𐤌𐤟 𐤀", "𐤔𐤋𐤌 𐤀"},            // Phoenician
      {"සිංහල෴ ක", "සිංහල ක"},          // Sinhala
      {"សួស្តី៖ ពិភពលោក", "សួស្តី ពិភពលោក"},  // Khmer
      {"Հայ՝ ես", "Հայ ես"},          // Armenian
      {"กรุงเทพฯ ไป", "กรุงเทพ ไป"},
  };
  for (const auto& [text, plain] : table) {
    INFO(text);
    CHECK(words_in(text) == words_in(plain));
  }
  // They stand inside of one.
  CHECK(words_in("ինչո՞ւ") == words_in("ինչու"));
  CHECK(words_in("ߒߺߞߏ") == words_in("ߒߞߏ"));
}

TEST_CASE("separators of numbers are those of any script") {
  CHECK(has("٣٫١٤", "3.14"));
  CHECK(has("π = 3.14", "٣٫١٤"));
  CHECK(has("١٬٠٠٠", "1000"));
  CHECK(terms_in("٣٫١٤") == terms_in("3.14"));
}

TEST_CASE("a number whose digits are grouped by three is found by its digits, and the other way") {
  for (const char* form : {"12,500", "12.500", "12'500", "12’500", "12_500", "12\u00A0500",
                           "12\u202F500", "12\u2009500", "12\u2007500", "١٢٬٥٠٠"}) {
    INFO(form);
    const std::string text = std::string("Price was ") + form + " dollars";
    CHECK(has(text, "12500"));
    CHECK(has(text, "500"));
    CHECK(has("Price was 12500 dollars", form));
    CHECK(has(text, "12,500"));
  }
  for (const char* fraction : {"12,500.50", "12.500,5", "12'500.50", "12_500.500"}) {
    INFO(fraction);
    CHECK(has(fraction, "12500"));
  }
  CHECK(has("Budget of 45,300", "45300"));
  CHECK(has("98\u00A0765 kr", "98765"));
  CHECK(has("1,234,567,890", "1234567890"));
  // Other numbers, which a comma or a blank separates.
  for (const auto& [text, other] : Cases{{"rooms 12 500", "12500"},
                                         {"0,125", "0125"},
                                         {"1234,500", "1234500"},
                                         {"12,50", "1250"},
                                         {"12,5000", "125000"},
                                         {"1,234,56", "123456"},
                                         {"12, 500", "12500"},
                                         {"12,,500", "12500"},
                                         {"1.234,567", "234567"}}) {
    INFO(text);
    CHECK_FALSE(has(text, other));
  }
}

TEST_CASE("letters, marks and digits of all scripts are words, also of a newer Unicode") {
  for (const char* word :
       {"ⲁⲛⲟⲕ", "ᏣᎳᎩ", "ⵜⵉⴼⵉⵏⴰⵖ", "𐐔𐐯𐑅", "𞤆𞤵𞤤𞤢𞤪", "꤆", "፩፪", "௧௰", "〆切", "々"})
    CHECK_FALSE(words_in(word).empty());
  CHECK(words_in("\U000323B5").size() == 1);
  CHECK(is_letter(U'\u0966'));
  CHECK(words_in("\uFFFD\uFFFE").empty());
}

TEST_CASE("an emoji is something to look for, and no word") {
  CHECK(has("Breakfast🍞 is served", "🍞"));
  CHECK(has("I❤\uFE0FNY", "❤"));
  CHECK(has("ok 👍🏽", "👍"));
  CHECK(has("aus 🇩🇪", "🇩🇪"));
  CHECK_FALSE(has("aus 🇩🇰", "🇩🇪"));
  CHECK(has("🇩🇰🇩🇪", "🇩🇪"));
  CHECK(has("👩\u200D💻 at work", "👩\u200D💻"));
  CHECK(words_in("a 🍞 b") == std::vector<std::string>{"a", "b"});
  CHECK(Analyser().parse_query("🍞").terms.size() == 1);
  CHECK(Analyser().parse_query("→ | ─ €").terms.empty());
  const Query query = Analyser().parse_query("bread 🍞");
  REQUIRE(query.terms.size() == 2);
  Analyser analyser;
  Ranker ranker(analyser, query, {1000, {1, 1}}, {0, 1});
  const std::string title = "Bread 🍞";
  const double both = ranker.score({title, "Bread 🍞", 1.0F});
  CHECK(both <= 1.0);
  CHECK(both > ranker.score({title, "Bread", 1.0F}));
}

TEST_CASE("capitals of every script that has them are found by small letters") {
  const Cases table{
      {"ՀԱՅԱՍՏԱՆ", "հայաստան"},
      {"ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", "საქართველო"},
      {"ႱႠ", "ⴑⴀ"},
      {"𞤀𞤁𞤂", "𞤢𞤣𞤤"},
      {"𐐔𐐇", "𐐼𐐯"},
      {"ᏣᎳᎩ", "ꮳꮃꭹ"},
      {"\u04C1", "\u04C2"},
      {"Ⱡ", "ⱡ"},
      {"Ꜣ", "ꜣ"},
      {"ⲀⲂ", "ⲁⲃ"},
      {"Ꙁ", "ꙁ"},
      {"STRA\u1E9EE", "straße"},
      {"ΟΔΟΣ", "οδος"},
      {"ᾼ", "ᾳ"},
      // Armenian "ev" is one letter, two, and two others.
      {"և", "եւ"},
      {"ԵՎ", "և"},
      {"թև", "թեւ"},
  };
  for (const auto& [capital, small] : table) {
    INFO(capital << " and " << small);
    CHECK(words_in(capital) == words_in(small));
    CHECK(terms_in(capital) == terms_in(small));
    CHECK(has(capital, small));
  }
  CHECK(words_in("İstanbul ISPARTA ılık") ==
        std::vector<std::string>{"istanbul", "isparta", "ilik"});
  CHECK(to_lower(U'ς') == U'σ');
  CHECK(to_lower(U'İ') == U'i');
  CHECK(to_lower(U'ß') == U'ß');
  std::size_t unsettled = 0;
  for (char32_t c = 0; c < 0x20000; ++c)
    unsettled += to_lower(to_lower(c)) == to_lower(c) ? 0 : 1;
  CHECK(unsettled == 0);
}

TEST_CASE("a nasal is found as a letter without a vowel and as a dot, in the scripts of India") {
  const Cases table{
      {"हिन्दी", "हिंदी"},
      {"पञ्जाब", "पंजाब"},
      {"चाँद", "चांद"},
      {"अण्डा", "अंडा"},
      {"सम्बन्ध", "संबंध"},
      {"गङ्गा", "गंगा"},
      {"इन्टरनेट", "इंटरनेट"},
      {"সঙ্গীত", "সংগীত"},
      {"রঙ্", "রং"},
      {"હિન્દી", "હિંદી"},
      {"ਹਿੰਦੀ", "ਹਿਂਦੀ"},
      {"హిన్దీ", "హిందీ"},
      {"ಹಿನ್ದಿ", "ಹಿಂದಿ"},
      {"സമ്പൂർണം", "സംപൂർണം"},
      // Letters of a bare consonant.
      {"അവൻ", "അവന്"},
      {"അവന്\u200D", "അവൻ"},
      {"കാർ", "കാര്"},
      {"ൻ്റെ", "ന്റെ"},
      {"উৎসব", "উত্\u200Dসব"},
  };
  for (const auto& [one, other] : table) {
    INFO(one << " and " << other);
    CHECK(words_in(one) == words_in(other));
    CHECK(has(one, other));
    CHECK(has(other, one));
  }
  // Another sound.
  const Cases others{{"जन्म", "जंम"}, {"कन्या", "कंया"}, {"अन्न", "अंन"}, {"চাঁদ", "চাংদ"}};
  for (const auto& [one, other] : others) {
    INFO(one << " and " << other);
    CHECK(words_in(one) != words_in(other));
  }
}

TEST_CASE("an apostrophe inside a word is found however it is typed") {
  for (const char* mark : {"'", "’", "ʼ", "ʻ", "‘", "`", "´", "ʹ", "ʽ", "ʾ", "ʿ", "՚", "ꞌ", "＇"}) {
    const std::string typed(mark);
    INFO(typed);
    CHECK(words_in("об" + typed + "єкт") == words_in("об'єкт"));
    CHECK(terms_in("O" + typed + "zbekiston") == terms_in("O'zbekiston"));
    CHECK(terms_in(typed + "okina") == terms_in("'okina"));
    CHECK(has("Sana" + typed + "a", "sanaa"));
  }
}

TEST_CASE("a phrase has formulas and broken words as they are read, and as they are written") {
  const Cases table{
      {"CO₂-Ausstoß steigt", "\"CO2-Ausstoß\""},
      {"CO₂-Ausstoß steigt", "\"CO₂-Ausstoß\""},
      {"CO2-Ausstoß steigt", "\"CO₂-Ausstoß\""},
      {"H₂O is water", "\"h2o is water\""},
      {"H₂O is water", "\"H₂O is water\""},
      {"so h2o is water", "\"H₂O is water\""},
      {"non-H₂O-based fuel", "\"h2o based\""},
      {"the infor-\nmation age began", "\"the information age\""},
      {"the information age began", "\"infor-\nmation age\""},
      {"le 1ᵉʳ mai", "\"le 1er mai\""},
      {"Mᵐᵉ Dupont", "\"Mme Dupont\""},
      {"nº 5", "\"no 5\""},
      {"10 m² Fläche", "\"10 m2 fläche\""},
      {"H₂O and CO₂ are", "\"h2o and co2 are\""},
      {"C₁₂H₂₂O₁₁ is sugar", "\"c12h22o11 is\""},
      {"Windows™ server", "\"windows server\""},
      {"a word⁴ with a note", "\"word with\""},
  };
  for (const auto& [text, query] : table) {
    INFO(query << " in " << text);
    CHECK(has_phrase(text, query));
  }
  CHECK_FALSE(has_phrase("H₂O is water", "\"water h2o\""));
  CHECK_FALSE(has_phrase("CO₂ steigt", "\"steigt co2\""));
  // What stands far away is not there again.
  std::string text = "first";
  for (int i = 0; i < 40; ++i)
    text += " far";
  const std::string ordered = Analyser().index_terms("the " + text + " H₂O");
  CHECK(ordered.find(" first ") == ordered.rfind(" first "));
  CHECK(Analyser().index_terms("plain words").find(" _ ") == std::string::npos);
}
