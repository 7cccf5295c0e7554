// SPDX-License-Identifier: Apache-2.0
// A worker's answer through the parser: all views point into the text, and memory is linear in it;
// every line is a sample, a bad line or neither; and re-reading only the numbers of another answer
// gives the same values as parsing it in full.
#include "supervisor/telemetry/parser.hpp"

#include "supervisor/telemetry/resolve.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cstring>

using namespace holdfast::supervisor::telemetry;
using holdfast::fuzz::require;

namespace {

bool inside(std::string_view text, std::string_view view) {
  return view.empty() ||
         (view.data() >= text.data() && view.data() + view.size() <= text.data() + text.size());
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

void check(std::string_view text, const Exposition& parsed) {
  const auto feeds = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t lines = feeds + (text.empty() || text.ends_with('\n') ? 0 : 1);
  require(parsed.line_count == lines, "every line is counted");
  require(parsed.lines.size() <= lines, "no more entries than lines");
  require(parsed.samples.size() + parsed.bad_lines <= lines, "a line is good or bad");
  require(parsed.values.size() == parsed.samples.size(), "a value for each sample");
  require(parsed.families.size() <= lines, "no more families than lines");
  require(parsed.labels.size() * 5 <= text.size(), "no more labels than the text has room for");
  std::size_t at = 0;
  std::size_t samples = 0;
  for (const ParsedLine& line : parsed.lines) {
    require(line.offset == at, "lines follow each other");
    at += line.head;
    if (!line.sample) continue;
    ++samples;
    at = text.find('\n', at);
    require(at != std::string_view::npos, "a sample's line has an end");
    ++at;
  }
  require(at == text.size(), "lines cover the text");
  require(samples == parsed.samples.size(), "a line for each sample");

  std::size_t label = 0;
  for (const ParsedSample& sample : parsed.samples) {
    require(inside(text, sample.name) && !sample.name.empty(), "a name is in the text");
    require(sample.first_label == label, "labels follow each other");
    label += sample.label_count;
  }
  require(label == parsed.labels.size(), "every label has a sample");
  for (const ParsedLabel& entry : parsed.labels) {
    require(inside(text, entry.name) && inside(text, entry.value), "labels are in the text");
    require(unescape(entry.value).size() <= entry.value.size(), "an escape does not grow");
  }
  Resolver resolver(parsed);
  for (const ParsedFamily& family : parsed.families)
    require(inside(text, family.name) && inside(text, family.help), "families are in the text");
  for (const ParsedSample& sample : parsed.samples) {
    const Resolved resolved = resolver.resolve(sample.name);
    const bool merged = resolved.role == Role::Scalar || resolved.role == Role::Bucket ||
                        resolved.role == Role::Sum || resolved.role == Role::Count;
    require(!merged || resolved.family < resolver.families().size(), "a part has a family");
  }
}

// `now` read by the lines of `before`, and from scratch.
void check_reread(std::string_view before, const Exposition& parsed, std::string_view now) {
  std::vector<double> values;
  if (!reread(parsed.lines, before, now, values)) return;
  const Exposition fresh = parse(now);
  require(same_bits(values, fresh.values), "the same numbers");
  require(fresh.samples.size() == parsed.samples.size() && fresh.bad_lines == parsed.bad_lines,
          "the same lines");
  for (std::size_t i = 0; i < fresh.samples.size(); ++i) {
    require(fresh.samples[i].name == parsed.samples[i].name, "the same names");
    require(fresh.samples[i].label_count == parsed.samples[i].label_count, "as many labels");
  }
  for (std::size_t i = 0; i < fresh.labels.size(); ++i) {
    require(fresh.labels[i].name == parsed.labels[i].name &&
                fresh.labels[i].value == parsed.labels[i].value,
            "the same labels");
  }
}

}  // namespace

// Up to the first form feed: an answer; behind it: the next one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = holdfast::fuzz::text_of(data, size);
  const std::size_t cut = all.find('\f');
  // Copies of their own, so that reading beyond an end is seen.
  const std::string first(all.substr(0, cut));
  const std::string second(cut == std::string_view::npos ? "" : all.substr(cut + 1));
  const Exposition parsed = parse(first);
  check(first, parsed);
  check(second, parse(second));
  std::vector<double> again;
  require(reread(parsed.lines, first, first, again), "an answer is like itself");
  check_reread(first, parsed, first);
  check_reread(first, parsed, second);
  // Every number a digit longer.
  std::string longer;
  std::size_t at = 0;
  for (const ParsedLine& line : parsed.lines) {
    const std::size_t end = line.sample ? first.find('\n', at + line.head) + 1 : at + line.head;
    longer.append(first, at, line.head);
    if (line.sample) longer.append("1").append(first, at + line.head, end - at - line.head);
    at = end;
  }
  check_reread(first, parsed, longer);
  return 0;
}
