// SPDX-License-Identifier: Apache-2.0
#include "common/search/language.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace holdfast::search {

namespace {

struct Entry {
  std::string_view name;
  std::string_view code;
  std::string_view common_words;  // of the languages in Latin letters
};

constexpr std::array<Entry, kLanguages> kTable{{
    {"english", "en",
     "a about after all also an and any are as at be been but by can could did do does each for "
     "from "
     "had has have he her his how i if in into is it its may more my no nor not of on only or "
     "other "
     "our out over shall she should so some such than that the their them then there these they "
     "this "
     "those to under up was we were what when where which who why will with would you your"},
    {"german", "de",
     "aber als am an auch auf aus bei bis das dass dem den der des die dies diese diesem diesen "
     "dieser "
     "dieses doch durch ein eine einem einen einer eines er es für hat ich ihr ihre im in ist ja "
     "kann "
     "kein keine können mit nach nicht noch nur ob oder sein sich sie sind so über um und uns "
     "unter "
     "vom von vor war was wenn werden wie wir wird wo zu zum zur"},
    {"french", "fr",
     "à au aux avec ce ces cette comme d dans de des du elle en est et être il ils je l la le les "
     "leur "
     "mais même n ne nous on ont ou où par pas plus pour qu que quel quelle qui s sa sans se ses "
     "si "
     "son sont sur un une vous"},
    {"spanish", "es",
     "a al como con cuando de del desde donde el ella en entre es esta este esto está ha hay la "
     "las lo "
     "los más me muy no o para pero por porque que qué se ser si sin sobre son su sus también un "
     "una "
     "uno y ya"},
    {"italian", "it",
     "a ai al alla anche che chi ci come con da dal dalla dei del della delle di dove e è ed "
     "essere gli "
     "ha i il in io l la le lo ma nel nella non o per perché più quando questa questo se si sono "
     "su "
     "sul un una uno"},
    {"portuguese", "pt",
     "a ao aos as até com como da das de do dos e é ela ele em entre essa esse está eu foi há isso "
     "já "
     "mais mas me muito na não nas no nos o os ou para pela pelo por quando que quem se sem ser "
     "seu "
     "sua são também um uma"},
    {"dutch", "nl",
     "aan als bij dan dat de deze die dit door een en er geen had heeft het hij hoe ik in is je "
     "kan "
     "maar me met naar niet nog of om ook op over te tot uit van voor was wat we wel werd wordt ze "
     "zich zijn zo"},
    {"swedish", "sv",
     "alla att av blir de den denna det detta du eller en ett från för ha han har här i inte jag "
     "kan "
     "med men mot när och om på sin ska som till under upp ut var vara vi vid är"},
    {"danish", "da",
     "af alle at blev bliver da de den denne der det dette du efter eller en er et for fra ham han "
     "har "
     "hun hvad hvis hvor i ikke jeg kan med men mod når og også om op over på sig skal som til ud "
     "var "
     "ved vi"},
    {"norwegian", "no",
     "alle at av ble blir da de den denne der det dette du eller en er et etter for fra han har "
     "hun "
     "hva hvis hvor i ikke jeg kan med men mot når og også om opp over på seg skal som til ut var "
     "ved "
     "vi"},
    {"finnish", "fi",
     "ei ennen että he hän ja joka jos jotka kanssa kuin kun mikä minä mukaan mutta myös ne niin "
     "nyt "
     "ole oli olla olivat on ovat se sekä sen sitä tai tämä vain voi"},
    {"hungarian", "hu",
     "a az csak de egy el és ez fel ha hogy is kell ki lehet már még meg mint minden nem ne olyan "
     "sem több vagy van volt"},
    {"romanian", "ro",
     "a acest această ai al ale am ar are au ca că care ce cu cum de din doar după este fi fără "
     "fost "
     "în la mai nu o pe pentru poate prin sau se sunt și să un una unei unui"},
    {"turkish", "tr",
     "ama bir biz bu bunu çok da daha de değil diye en gibi hem her için ile ise kadar ki mi ne o "
     "olan "
     "olarak sonra şu ve veya ya"},
    {"indonesian", "id",
     "ada adalah akan anda atau bahwa bisa dalam dan dapat dari dengan di ini itu jika juga karena "
     "ke "
     "kami lebih oleh pada saat saya sebagai sebuah seperti telah tidak untuk yang"},
    {"russian", "ru", ""},
    {"greek", "el", ""},
    {"arabic", "ar", ""},
    {"hindi", "hi", ""},
    {"armenian", "hy", ""},
    {"tamil", "ta", ""},
}};

// Common words of languages that letters tell apart already.
constexpr std::string_view kRussianCommon =
    "а без бы был была были было в вам вас во вот все где для до его ее если есть же за и из или "
    "им их "
    "к как когда ли мы на над не нет но о об он она они от по под при с со так также то только у "
    "уже "
    "что чтобы это этот я";
constexpr std::string_view kGreekCommon =
    "από αυτό για δεν είναι η θα και κατά με να ο οι που σε στα στη στην στο τα τη την της τι το "
    "τον "
    "του τους των ως";

using CommonWords = std::unordered_map<std::string_view, LanguageSet>;

void add_words(CommonWords& words, std::string_view list, Language language) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    words[list.substr(0, end)].add(language);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

CommonWords make_common_words() {
  CommonWords words;
  for (std::size_t i = 0; i < kLatinLanguages; ++i)
    add_words(words, kTable[i].common_words, static_cast<Language>(i));
  add_words(words, kRussianCommon, Language::Russian);
  add_words(words, kGreekCommon, Language::Greek);
  return words;
}

struct Block {
  char32_t first;
  char32_t last;
  Script script;
};
// Sorted.
constexpr std::array kBlocks{
    Block{0x0041, 0x005A, Script::Latin},     Block{0x0061, 0x007A, Script::Latin},
    Block{0x00C0, 0x02AF, Script::Latin},     Block{0x0300, 0x036F, Script::Latin},
    Block{0x0370, 0x03FF, Script::Greek},     Block{0x0400, 0x052F, Script::Cyrillic},
    Block{0x0531, 0x058F, Script::Armenian},  Block{0x0591, 0x05F2, Script::Hebrew},
    Block{0x0600, 0x06FF, Script::Arabic},    Block{0x0750, 0x077F, Script::Arabic},
    Block{0x08A0, 0x08FF, Script::Arabic},    Block{0x0900, 0x097F, Script::Devanagari},
    Block{0x0B80, 0x0BFF, Script::Tamil},     Block{0x0E00, 0x0EFF, Script::SouthEast},
    Block{0x0F00, 0x0FFF, Script::SouthEast}, Block{0x1000, 0x109F, Script::SouthEast},
    Block{0x1100, 0x11FF, Script::Hangul},    Block{0x1780, 0x17FF, Script::SouthEast},
    Block{0x1E00, 0x1EFF, Script::Latin},     Block{0x1F00, 0x1FFF, Script::Greek},
    Block{0x3005, 0x3007, Script::Han},       Block{0x3040, 0x30FF, Script::Han},
    Block{0x3130, 0x318F, Script::Hangul},    Block{0x31F0, 0x31FF, Script::Han},
    Block{0x3400, 0x9FFF, Script::Han},       Block{0xAC00, 0xD7A3, Script::Hangul},
    Block{0xF900, 0xFAFF, Script::Han},       Block{0xFF21, 0xFF5A, Script::Latin},
    Block{0xFF66, 0xFF9F, Script::Han},       Block{0x20000, 0x323AF, Script::Han},
};

// A text of fewer words than this may well have none of the commonest.
constexpr std::uint32_t kShortText = 40;
// Fewer common words than this say nothing about a language if the text is a title.
constexpr std::uint32_t kEvidence = 2;
constexpr std::uint32_t kTitleWords = 12;

}  // namespace

std::string_view name_of(Language language) {
  return kTable[static_cast<std::size_t>(language)].name;
}

std::string_view code_of(Language language) {
  return kTable[static_cast<std::size_t>(language)].code;
}

Script script_of(char32_t c) {
  const auto* const after =
      std::upper_bound(kBlocks.begin(), kBlocks.end(), c,
                       [](char32_t value, const Block& block) { return value < block.first; });
  if (after == kBlocks.begin()) return Script::Other;
  const Block& block = *std::prev(after);
  return c <= block.last ? block.script : Script::Other;
}

LanguageSet common_word_of(std::string_view word) {
  static const CommonWords kWords = make_common_words();
  const auto found = kWords.find(word);
  return found == kWords.end() ? LanguageSet() : found->second;
}

void LanguageGuess::count(std::string_view word) {
  ++words_;
  const LanguageSet languages = common_word_of(word);
  if (languages.empty()) return;
  for (std::size_t i = 0; i < kLatinLanguages; ++i)
    counts_[i] += languages.has(static_cast<Language>(i)) ? 1 : 0;
}

std::uint32_t LanguageGuess::most() const {
  return *std::max_element(counts_.begin(), counts_.end());
}

LanguageSet LanguageGuess::at_least(std::uint32_t count) const {
  LanguageSet languages;
  for (std::size_t i = 0; i < kLatinLanguages; ++i) {
    if (counts_[i] >= count) languages.add(static_cast<Language>(i));
  }
  return languages;
}

LanguageSet LanguageGuess::languages() const {
  const std::uint32_t best = most();
  const bool says_nothing =
      words_ <= kTitleWords ? best < kEvidence : best * 20 < std::min(words_, 100U);
  if (!says_nothing) return at_least((best * 3 + 3) / 4);
  if (words_ <= kShortText) return LanguageSet::all_latin();
  LanguageSet english;
  english.add(Language::English);
  return english;
}

LanguageSet LanguageGuess::evident() const {
  const std::uint32_t best = most();
  return best == 0 ? LanguageSet() : at_least(best);
}

}  // namespace holdfast::search
