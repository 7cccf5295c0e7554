// SPDX-License-Identifier: Apache-2.0
// Validating UTF-8 and escaping JSON, on a log line and on a document: ours beside a loop that
// looks at one sequence at a time, Boost.Locale's decoder, and simdjson if it is installed.
// docs/adr says what was decided. Usage: bench_text [Google Benchmark's options].

#include "common/text/json_escape.hpp"
#include "common/text/utf8.hpp"

#include <benchmark/benchmark.h>
#include <boost/locale/utf.hpp>

#include <string>
#include <string_view>

#ifdef HOLDFAST_HAS_SIMDJSON
#include <simdjson.h>
#endif

using namespace holdfast;

namespace {

enum Input { AsciiLine, MixedLine, AsciiDocument, MixedDocument, CyrillicDocument };

std::string repeated(std::string_view piece, std::size_t size) {
  std::string text;
  while (text.size() + piece.size() <= size)
    text += piece;
  return text;
}

const std::string& input(std::int64_t which) {
  constexpr std::string_view kAscii = "GET /api/documents/42 took 3.2 ms and returned 200 OK. ";
  constexpr std::string_view kMixed =
      "Grüße: 5 € für den naïven Leser, GET /api/search took 4 ms. ";
  constexpr std::string_view kCyrillic = "Съешь ещё этих мягких французских булок, да выпей чаю. ";
  static const std::string kInputs[] = {repeated(kAscii, 110), repeated(kMixed, 128),
                                        repeated(kAscii, 1 << 20), repeated(kMixed, 1 << 20),
                                        repeated(kCyrillic, 1 << 20)};
  return kInputs[which];
}

bool one_by_one(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = text::utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool boost_locale(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto point = boost::locale::utf::utf_traits<char>::decode(at, end);
    if (!boost::locale::utf::is_valid_codepoint(point)) return false;
  }
  return true;
}

template <class Validate>
void validate(benchmark::State& state, Validate is_valid) {
  const std::string& text = input(state.range(0));
  for (auto _ : state) {
    bool valid = is_valid(text);
    benchmark::DoNotOptimize(valid);
    if (!valid) state.SkipWithError("the input is UTF-8");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void escape(benchmark::State& state) {
  const std::string& text = input(state.range(0));
  std::string out;
  for (auto _ : state) {
    out.clear();
    text::append_json_escaped(out, text);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

}  // namespace

BENCHMARK_CAPTURE(validate, ours, text::is_utf8)->DenseRange(AsciiLine, CyrillicDocument);
BENCHMARK_CAPTURE(validate, one_by_one, one_by_one)->DenseRange(AsciiLine, CyrillicDocument);
BENCHMARK_CAPTURE(validate, boost_locale, boost_locale)->DenseRange(AsciiLine, CyrillicDocument);
#ifdef HOLDFAST_HAS_SIMDJSON
bool simdjson_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}
BENCHMARK_CAPTURE(validate, simdjson, simdjson_utf8)->DenseRange(AsciiLine, CyrillicDocument);
#endif
BENCHMARK(escape)->DenseRange(AsciiLine, CyrillicDocument);
