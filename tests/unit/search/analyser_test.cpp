// SPDX-License-Identifier: Apache-2.0
// What is indexed of a text, and what a query makes of what people type.

#include "common/search/analyser.hpp"

#include "common/search/fold.hpp"
#include "common/search/ranking.hpp"
#include "tests/support/catch.hpp"

#include <cctype>
#include <random>
#include <set>
#include <sstream>

using namespace holdfast::search;

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const Token& token : tokenise(text).words)
    words.push_back(token.text);
  return words;
}

std::set<std::string> terms_of(std::string_view text) {
  std::set<std::string> terms;
  std::istringstream in(Analyser().index_terms(text));
  for (std::string term; in >> term;)
    terms.insert(term);
  return terms;
}

// Whether a query finds a text by its last term: a word, or words as one. What the engines find and
// what the ranking finds has to be the same.
bool finds(std::string_view query, std::string_view text) {
  const std::string ordered = " " + Analyser().index_terms(text) + " ";
  const Query parsed = Analyser().parse_query(query);
  REQUIRE_FALSE(parsed.terms.empty());
  const Term& term = parsed.terms.back();
  const auto has = [&](const std::string& spelling) {
    return ordered.find(" " + spelling + " ") != std::string::npos;
  };
  const bool found = has(term.word) || std::any_of(term.variants.begin(), term.variants.end(), has);
  Analyser analyser;
  Frequencies frequencies{1000, std::vector<std::uint64_t>(parsed.terms.size(), 1)};
  Ranker ranker(analyser, parsed, frequencies, {0, 1});
  const auto matches = ranker.matches(text);
  const bool matched = std::any_of(matches.begin(), matches.end(), [&](const Match& match) {
    return match.term == parsed.terms.size() - 1;
  });
  CHECK(found == matched);
  return found;
}

using Words = std::vector<std::string>;

// The phrases of a query as they were typed.
std::vector<Words> phrases_of(std::string_view text) {
  std::vector<Words> phrases;
  for (const Phrase& phrase : Analyser().parse_query(text).phrases)
    phrases.push_back(phrase.front());
  return phrases;
}

}  // namespace

TEST_CASE("plain words are cut as those with characters that nobody sees in them") {
  std::mt19937 random(7);
  const std::string signs = "abcXYZ019+#-_./:'@ ,;!\t\n(\"";
  for (int i = 0; i < 2000; ++i) {
    std::string plain;
    std::string hidden;  // a zero-width space after each
    for (std::size_t length = random() % 40; length > 0; --length) {
      const char c = signs[random() % signs.size()];
      plain += c;
      hidden += c;
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) hidden += "\u200b";
    }
    if (i == 0) plain = hidden = std::string(70, '1') + "a";  // longer than what is kept of a word
    CAPTURE(plain);
    const Tokens one = tokenise(plain);
    const Tokens other = tokenise(hidden);
    REQUIRE(one.words.size() == other.words.size());
    for (std::size_t at = 0; at < one.words.size(); ++at) {
      CHECK(one.words[at].text == other.words[at].text);
      CHECK(one.words[at].to_stem == other.words[at].to_stem);
      CHECK(one.words[at].script == other.words[at].script);
      CHECK(one.words[at].end <= plain.size());
    }
    REQUIRE(one.joined.size() == other.joined.size());
    for (std::size_t at = 0; at < one.joined.size(); ++at) {
      CHECK(one.joined[at].word.text == other.joined[at].word.text);
      CHECK(one.joined[at].first == other.joined[at].first);
      CHECK(one.joined[at].last == other.joined[at].last);
    }
  }
}

TEST_CASE("texts are cut into words, and scripts without spaces into runs") {
  const std::vector<std::pair<std::string, Words>> table{
      {"", {}},
      {"???", {}},
      {"Two words", {"two", "words"}},
      {"\uFEFFStart", {"start"}},
      {"Caf\u00e9 cafe\u0301 CAFE", {"cafe", "cafe", "cafe"}},
      {"Stra\u00dfe \u00c5ngstr\u00f6m", {"strasse", "angstrom"}},
      {"c\u0153ur \u00c6ther STRA\u1e9eE", {"coeur", "aether", "strasse"}},
      {"\uff21\uff22\uff23\uff11", {"abc1"}},
      {"ma\u00adchine", {"machine"}},
      {"C++, C# and g++", {"c++", "c#", "and", "g++"}},
      {"a+b 1+1", {"a", "b", "1", "1"}},
      {"XK-4471", {"xk", "4471"}},
      {"don't", {"don", "t"}},
      {"中文搜索", {"中文", "文搜", "搜索"}},
      {"水", {"水"}},
      {"第3章", {"第", "3", "章"}},
      {"東京タワー", {"東京", "京タ", "タワ", "ワー"}},
      {"バ", {"バ"}},
      {"ハ\u3099ス", {"バス"}},
      {"바다가 넓다", {"바다", "다가", "넓다"}},
      {"\u1112\u1161\u11ab\u1100\u1173\u11af", {"한글"}},
      {"ข้าว", {"ข้า", "้าว"}},
      {"कि।कि", {"कि", "कि"}},
      {"a\xff\xfe"
       "b",
       {"a", "b"}},
  };
  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(words_of(text) == expected);
  }
}

TEST_CASE("a token knows where it stands in the text") {
  const std::string text = "Caf\u00e9, cafe\u0301 \u4e2d\u6587\u641c";
  const Tokens tokens = tokenise(text);
  Words shown;
  for (const Token& token : tokens.words)
    shown.push_back(text.substr(token.begin, token.end - token.begin));
  REQUIRE(shown == Words{"Caf\u00e9", "cafe\u0301", "\u4e2d\u6587", "\u6587\u641c"});
}

TEST_CASE("other forms of a word are found, in its own language") {
  CHECK(finds("Schraube", "Zwei Schrauben und eine Mutter sind in der Kiste."));
  CHECK(finds("Schrauben", "Die Schraube ist locker."));
  CHECK(finds("Hauser", "Das Haus ist alt, die anderen H\u00e4user sind neu."));
  CHECK(finds("Strassen", "Die Stra\u00dfe ist lang, und der Weg ist nicht weit."));
  CHECK(finds("moons", "The moon pulls the sea."));
  CHECK(finds("книгами", "На столе лежит книга."));
  CHECK(finds("столе", "Столы стоят у окна."));
  CHECK(finds("chevaux", "Les chevaux sont dans le pr\u00e9."));
  CHECK(finds("libros", "El libro es de la biblioteca."));
  CHECK(finds("θαλασσες", "Η θάλασσα είναι μπλε."));
  CHECK(finds("Bolt", "Bolts M4"));  // too short to tell its language
  // German rules make "corn" of "corner", but this is an English text.
  CHECK_FALSE(finds("corner", "The corn is in the field and it is ripe."));
  CHECK_FALSE(finds("moon", "The spoon is on the table."));
}

TEST_CASE("a Korean noun of one syllable is found with whatever particle") {
  const std::vector<std::pair<const char*, const char*>> found{
      {"책이", "책을 읽는다"},
      {"집은", "오늘 집에 간다"},
      {"물은", "물을 마신다"},
      {"꽃을", "꽃이 피었다"},
      {"강은", "강을 건넌다"},
      {"밥을", "밥은 맛있다"},
      {"차가", "차를 마신다"},
      {"코로", "코가 길다"},
      {"물로", "물이 맑다"},
      {"책이", "저 책"},
      {"책", "책을 읽는다"},
      {"책을", "책들이 많다"},
      {"집은", "집에서는 쉰다"},
      {"손에", "손으로 쓴다"},
      // Of its parts.
      {"\u110e\u1162\u11a8\u110b\u1175", "책을 읽는다"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(finds(query, text));
  }
  const std::vector<std::pair<const char*, const char*>> others{
      {"책이", "책상이 넓다"},    // a desk
      {"나이", "나는 간다"},      // an age: after a vowel the particle is another one
      {"차이", "차를 마신다"},    // a difference
      {"사과", "사를 쓴다"},      // an apple
      {"회의", "제3회 대회"},     // a meeting, and the third time
      {"책이", "정책을 세운다"},  // a policy
  };
  for (const auto& [query, text] : others) {
    INFO(query << " in " << text);
    CHECK_FALSE(finds(query, text));
  }
}

TEST_CASE("codes are found with and without their signs") {
  for (const char* text : {"error XK-4471", "error xk4471", "error XK_4471", "error XK/4471"}) {
    INFO(text);
    CHECK(terms_of(text).contains("xk4471"));
  }
  const Query query = Analyser().parse_query("XK-4471");
  REQUIRE(query.terms.size() == 3);
  CHECK(query.terms[2].word == "xk4471");
  CHECK(query.terms[2].is_joined);
}

TEST_CASE("quotes make phrases; without an end they mean nothing") {
  CHECK(phrases_of("\"main sail\" now") == std::vector<Words>{{"main", "sail"}});
  CHECK(phrases_of("\u201cmain sail\u201d \u00abjib\u00bb") ==
        std::vector<Words>{{"main", "sail"}, {"jib"}});
  CHECK(phrases_of("\u201emain sail\u201c") == std::vector<Words>{{"main", "sail"}});
  CHECK(phrases_of("\u300c\u4e2d\u6587\u641c\u300d") ==
        std::vector<Words>{{"\u4e2d\u6587", "\u6587\u641c"}});
  CHECK(phrases_of("\"main sail").empty());
  CHECK(phrases_of("\"\" \"???\"").empty());
}

TEST_CASE("quotes are those of any language, and a doubled one is one") {
  for (const char* text :
       {"\"main sail\"",           "\u201cmain sail\u201d", "\u201cmain sail\u201c",
        "\u201cmain sail\"",       "\u201emain sail\u201c", "\u201emain sail\u201d",
        "\u201emain sail\"",       "\u201dmain sail\u201d", "\u00abmain sail\u00bb",
        "\u00ab main sail \u00bb", "\u00bbmain sail\u00ab", "\u00bbmain sail\u00bb",
        "\u2039main sail\u203a",   "\u203amain sail\u2039", "\u300cmain sail\u300d",
        "\u300emain sail\u300f",   "\u300amain sail\u300b", "\u301dmain sail\u301f",
        "\uff02main sail\uff02",   "\"\"main sail\"\"",     "\"\"\"main sail\"\"\"",
        "\"\" \"main sail\"",      "\"main sail\" \"\""}) {
    INFO(text);
    CHECK(phrases_of(text) == std::vector<Words>{{"main", "sail"}});
    CHECK(phrases_of(std::string("noon ") + text + " \"jib\"").size() == 2);
  }
  CHECK(phrases_of("\u201cmain\u201d \u201csail\u201d").size() == 2);
  CHECK(phrases_of("\u201emain\u201c \u201esail\u201c").size() == 2);
  CHECK(phrases_of("\u201emain sail").empty());
}

TEST_CASE("common words are told apart, unless there is nothing else") {
  const Query question = Analyser().parse_query("what pulls the sea");
  std::vector<bool> common;
  for (const Term& term : question.terms)
    common.push_back(term.is_common);
  CHECK(common == std::vector<bool>{true, false, true, false});
  for (const Term& term : Analyser().parse_query("to be or not to be").terms)
    CHECK_FALSE(term.is_common);
}

TEST_CASE("a query has at most 64 terms and 240 spellings") {
  std::string text;
  for (int i = 0; i < 500; ++i)
    text += "wandering" + std::string(1, static_cast<char>('a' + i % 26)) + std::to_string(i) + " ";
  const Query query = Analyser().parse_query(text);
  REQUIRE(query.terms.size() == 64);
  std::size_t spellings = 0;
  for (const Term& term : query.terms)
    spellings += 1 + term.variants.size();
  REQUIRE(spellings <= 240);
}

TEST_CASE("whatever the bytes, terms are words that no engine takes for anything else") {
  std::mt19937 random(20261129);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = random() % 40; i > 0; --i) {
      if (random() % 3 == 0) {
        text += static_cast<char>(random() % 256);
      } else {
        text += to_utf8(std::u32string(1, static_cast<char32_t>(random() % 0x2FFFF)));
      }
    }
    const std::string terms = Analyser().index_terms(text);
    REQUIRE(terms.find_first_of(std::string("\"'\\\0\t\n*:()&|!<>", 16)) == std::string::npos);
    for (const Token& token : tokenise(text).words) {
      REQUIRE(token.begin < token.end);
      REQUIRE(token.end <= text.size());
    }
    (void)Analyser().parse_query(text);
  }
}

TEST_CASE("a character that is a way to print others is those others, in texts and in queries") {
  const std::vector<std::pair<const char*, const char*>> same{
      {"\uFB01nance", "finance"},  // ligatures
      {"o\uFB03ce", "office"},
      {"\uFB02ow", "flow"},
      {"\uFF76\uFF80\uFF76\uFF85", "\u30AB\u30BF\u30AB\u30CA"},  // half-width kana
      {"\uFF76\uFF9E\uFF72\uFF84\uFF9E", "\u30AC\u30A4\u30C9"},  // with voice marks of their own
      {"\uFEDB\uFE98\uFE8E\uFE8F", "\u0643\u062A\u0627\u0628"},  // Arabic as printed
      {"\uFEFB", "\u0644\u0627"},
      {"chapter \u2163", "chapter iv"},
      {"12 \u338F", "12 kg"},
      {"\U0001D407\U0001D41E\U0001D425\U0001D425\U0001D428", "hello"},  // mathematical bold
      {"\u2F08\u53E3", "\u4EBA\u53E3"},  // a radical that stands for the ideograph
      {"\uF90A\u5EAB", "\u91D1\u5EAB"},
      {"\u017Fave", "save"},
      {"\u0133s", "ijs"},
      {"co\u0140lecci\u00F3", "col\u00B7lecci\u00F3"},
  };
  for (const auto& [printed, plain] : same) {
    INFO(printed << " and " << plain);
    CHECK(words_of(printed) == words_of(plain));
    CHECK(terms_of(printed) == terms_of(plain));
  }
  // These say something of their own.
  CHECK(words_of("10\u00B2") != words_of("102"));
  CHECK(words_of("word\u00B9") != words_of("word1"));
  // Thai "am" is one vowel.
  CHECK(words_of("\u0E19\u0E49\u0E33") == Words{"\u0E19\u0E49\u0E33"});
}

TEST_CASE("points, vowel signs and forms of a letter do not matter, in texts and in queries") {
  const std::vector<std::pair<const char*, const char*>> same{
      // Hebrew: points as they are typed, and letters that have them.
      {"\u05E9\u05B8\u05C1\u05DC\u05D5\u05B9\u05DD", "שלום"},
      {"\u05E9\u05B6\u05C1\u05DE\u05B6\u05E9\u05C1", "שמש"},
      {"\uFB2A\u05B8\u05DC\uFB4B\u05DD", "שלום"},
      {"\uFB1D\u05B7\u05D3", "יד"},
      {"\u05E7\u05C7\u05D3\u05B0\u05E9\u05C1", "קדש"},
      // Arabic: vowel signs, a stretched line, alef, ta marbuta, ya, and a Persian keyboard.
      {"\u0645\u064F\u062D\u064E\u0645\u0651\u064E\u062F", "محمد"},
      {"\u0643\u0640\u0640\u062A\u0627\u0628", "كتاب"},
      {"\u0642\u064F\u0631\u06E1\u0621\u064E\u0627\u0646", "قرءان"},
      {"أحمد", "احمد"},
      {"إسلام", "اسلام"},
      {"آثار", "اثار"},
      {"\u0627\u0653\u062B\u0627\u0631", "آثار"},
      {"\u0645\u0624\u0645\u0646", "\u0645\u0648\u0654\u0645\u0646"},
      {"مدرسة", "مدرسه"},
      {"\u06A9\u062A\u0627\u0628\u06CC", "\u0643\u062A\u0627\u0628\u064A"},
      // Digits.
      {"٢٠٢٤", "2024"},
      {"۱۴۰۳", "1403"},
      {"२०२४", "2024"},
      {"๒๕๖๗", "2567"},
      {"១២", "12"},
      // Devanagari and its neighbours: letters with a nukta, as one, as two, and without.
      {"\u0958\u093C", "\u0915\u093C"},
      {"\u0921\u093C\u0915", "\u095C\u0915"},
      {"\u095B\u092E\u0940\u0928", "\u091C\u092E\u0940\u0928"},
      {"\u09A1\u09BC", "\u09DC"},
      {"\u0B95\u0BC6\u0BBE", "\u0B95\u0BCA"},
      // Thai and Lao "am", in any order, with a tone; a double e.
      {"\u0E19\u0E4D\u0E49\u0E32", "\u0E19\u0E49\u0E33"},
      {"\u0E19\u0E49\u0E4D\u0E32", "\u0E19\u0E49\u0E33"},
      {"\u0E01\u0E4D\u0E32", "\u0E01\u0E33"},
      {"\u0E99\u0ECD\u0EC9\u0EB2", "\u0E99\u0EC9\u0EB3"},
      {"\u0E01\u0E48\u0E38", "\u0E01\u0E38\u0E48"},
      {"\u0E40\u0E40\u0E21", "\u0E41\u0E21"},
      // Khmer with a vowel that is not written, Burmese.
      {"\u1780\u17B4\u1781", "\u1780\u1781"},
      {"\u1025\u102E", "\u1026"},
      {"\u1000\u103A\u1037", "\u1000\u1037\u103A"},
      // Signs of units.
      {"\u2126", "\u03A9"},
      {"\u212A", "k"},
      // Marks of other blocks.
      {"a\u20D7", "a"},
  };
  for (const auto& [one, other] : same) {
    INFO(one << " and " << other);
    CHECK(words_of(one) == words_of(other));
    CHECK(terms_of(one) == terms_of(other));
  }
}

TEST_CASE("a Hebrew word is found with and without its prefixes") {
  const std::vector<std::pair<const char*, const char*>> found{
      {"בית", "הבית גדול"},  {"הבית", "בית גדול"},       {"בית", "הוא בבית"}, {"ים", "הים כחול"},
      {"ספר", "והספר נפתח"}, {"ספר", "כשהספרים ושהספר"}, {"בספר", "לספר"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(finds(query, text));
  }
  CHECK_FALSE(finds("ספר", "כתב"));
  CHECK_FALSE(finds("בן", "הוא לבן"));  // a son, and white: too short
}

TEST_CASE(
    "an Arabic noun is found with and without its article and prefixes, whatever it begins with") {
  const std::vector<std::pair<const char*, const char*>> found{
      {"وزير", "اجتمع الوزير مع الرئيس"},
      {"فندق", "الفندق قريب"},
      {"فريق", "خسر الفريق"},
      {"وثيقة", "الوثيقة مهمة"},
      {"الوزارة", "لكل وزارة ميزانية"},
      {"الفلوس", "فلوس كثيرة"},
      {"بريد", "وصل البريد"},
      {"البريد", "بريد سريع"},
      {"سيارة", "السيارة جديدة"},
      {"كتاب", "قرأ الكتاب"},
      {"وزير", "كتب إلى وزير"},
      {"وزير", "قال لوزير"},
      {"وزير", "وجاء والوزير"},
      {"الوزير", "ولوزير"},
      {"ليمون", "عصير الليمون"},
      {"كلب", "الكلب كبير"},
      {"الوزير", "للوزير"},
      {"فندق", "بالفندق"},
      {"لبن", "اللبن طازج"},
      {"وجوه", "الوجوه كثيرة"},
      {"وثيقه", "الوثيقة مهمة"},
      {"وثيقة", "الوثيقه مهمة"},
      {"والد", "الوالد هنا"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(finds(query, text));
  }
  CHECK_FALSE(finds("وزير", "الفندق قريب"));
  CHECK_FALSE(finds("ولد", "الدار"));  // a child, and the house: too short
}

TEST_CASE("a word that is broken at the end of a line is found whole, and by its halves") {
  for (const char* text :
       {"the infor-\nmation of it", "the infor-\r\nmation", "the infor-\n   mation",
        "the infor- \n\tmation", "the infor\u00AD\nmation", "the infor\u2010\nmation",
        "the infor-\n\fmation", "Infor-\nmation", "tele-infor-\nmation"}) {
    INFO(text);
    CHECK(finds("information", text));
    CHECK(finds("mation", text));
  }
  CHECK(finds("halyard", "The hal-\nyards are wet, and the sea is not."));
  CHECK(finds("officer", "of-\n\uFB01cer"));
  CHECK(finds("\u043A\u043D\u0438\u0433\u0430\u043C\u0438", "\u043A\u043D\u0438-\n\u0433\u0430"));
  CHECK(finds("well", "a well-\nknown thing"));
  CHECK(finds("teleinformation", "tele-infor-\nmation"));
  // A list, a range, a name, a paragraph.
  CHECK_FALSE(finds("information", "infor\nmation"));
  CHECK_FALSE(finds("information", "infor -\nmation"));
  CHECK_FALSE(finds("information", "infor-\nMation"));
  CHECK_FALSE(finds("information", "infor-\n\nmation"));
  const Tokens tokens = tokenise("infor-\nmation");
  REQUIRE(tokens.joined.size() == 1);
  CHECK(tokens.joined[0].word.begin == 0);
  CHECK(tokens.joined[0].word.end == 13);
}

TEST_CASE("superscripts and subscripts are part of what they are joined to, and of no number") {
  const std::vector<std::pair<const char*, const char*>> found{
      {"H2O", "H\u2082O is water"},
      {"CO2", "less CO\u2082"},
      {"mc2", "E = mc\u00B2"},
      {"CO\u2082", "less CO2"},
      {"mc\u00B2", "E = mc2"},
      {"log", "log\u2082 n"},
      {"word", "a word\u2074 with a note"},
      {"windows", "Windows\u2122"},
      {"C6H12O6", "C\u2086H\u2081\u2082O\u2086"},
      {"C12H22O11", "C\u2081\u2082H\u2082\u2082O\u2081\u2081"},
      {"SO4", "SO\u2084\u00B2\u207B"},
      {"10", "10\u00B2"},
      {"10", "10\u2076"},
      {"1a", "la 1\u00AA"},
      {"co2", "CO\u2082\u306E\u91CF"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(finds(query, text));
  }
  CHECK_FALSE(finds("x24", "x\u00B2 = 4"));
  CHECK_FALSE(finds("x24", "x\u00B2 4"));
  CHECK_FALSE(finds("102", "10\u00B2"));
  CHECK_FALSE(finds("106", "10\u2076"));
  CHECK_FALSE(finds("1m2", "1 m\u00B2"));
  const std::string text = "E = mc\u00B2.";
  const Tokens tokens = tokenise(text);
  REQUIRE(tokens.joined.size() == 1);
  CHECK(text.substr(tokens.joined[0].word.begin,
                    tokens.joined[0].word.end - tokens.joined[0].word.begin) == "mc\u00B2");
}

TEST_CASE("letters and digits that meet are one name, with or without a space or a hyphen") {
  for (const char* query : {"rfc9110", "RFC 9110", "RFC-9110"}) {
    for (const char* text : {"see rfc9110", "see RFC 9110", "see RFC-9110"}) {
      INFO(query << " in " << text);
      CHECK(finds(query, text));
    }
  }
  CHECK(finds("10kg", "a 10 kg bag"));
  CHECK(finds("10 kg", "a 10kg bag"));
  CHECK_FALSE(finds("rfc9110", "9110 RFC"));
  CHECK_FALSE(finds("rfc9110", "RFC number 9110"));
  // Words that nobody has as one do not count.
  const Query query = Analyser().parse_query("in 2024");
  REQUIRE(query.terms.size() == 3);
  CHECK(query.terms[2].is_joined);
}

TEST_CASE("a Hebrew acronym is one word, however its mark is typed, and its mark no quote") {
  for (const char* text : {"צה\"ל", "צה\u05F4ל", "צה''ל", "צה\u201Dל", "צהל", "צַהַ\"ל"}) {
    INFO(text);
    CHECK(words_of(text) == Words{"צהל"});
  }
  for (const char* text : {"ג'ירפה", "ג\u05F3ירפה", "ג\u2019ירפה", "גירפה"})
    CHECK(words_of(text) == Words{"גירפה"});
  CHECK(words_of("רח\u05F3 הרצל") == Words{"רח", "הרצל"});
  CHECK(words_of("\"שלום\"") == Words{"שלום"});
  CHECK(phrases_of("צה\"ל").empty());
  CHECK(phrases_of("צה\"ל וגם בי\"ס").empty());
  CHECK(phrases_of("\"צה\"ל כאן\" עוד") == std::vector<Words>{{"צהל", "כאן"}});
  CHECK(phrases_of("\"שלום עולם\"") == std::vector<Words>{{"שלום", "עולם"}});
}

TEST_CASE("what is found of a ligature is shown whole") {
  const Tokens tokens = tokenise("the o\uFB03ce.");
  REQUIRE(tokens.words.size() == 2);
  CHECK(tokens.words[1].begin == 4);
  CHECK(tokens.words[1].end == 10);
}
