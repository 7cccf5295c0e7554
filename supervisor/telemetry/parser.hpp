// SPDX-License-Identifier: Apache-2.0
#pragma once

// Parses the Prometheus text format 0.0.4 and OpenMetrics 1.0, in one pass and without copying:
// every view points into the text, which must outlive the result. A malformed line is skipped and
// counted; the caller decides whether the rest is worth keeping. Timestamps and exemplars are
// ignored. Types and names are taken as written; resolve.hpp gives them meaning.
//
// Threads: any. Cost: linear in the text; memory: about 60 bytes per line.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::telemetry {

// As written in TYPE lines; Info to GaugeHistogram exist in OpenMetrics only.
enum class ParsedType {
  Unknown,
  Counter,
  Gauge,
  Histogram,
  Summary,
  Info,
  StateSet,
  GaugeHistogram
};

struct ParsedFamily {
  std::string_view name;
  std::string_view help;  // as written, escapes included; empty without HELP
  ParsedType type = ParsedType::Unknown;
  bool typed = false;  // has a TYPE line; the first one counts
};

struct ParsedLabel {
  std::string_view name;
  std::string_view value;  // as written between the quotes, escapes included
};

struct ParsedSample {
  std::string_view name;          // as written between quotes, it may be no valid name
  std::uint32_t first_label = 0;  // in Exposition::labels
  std::uint32_t label_count = 0;
};

// The line of one sample, or all lines up to the next sample. `head`: for a sample, the number of
// bytes before its value; otherwise the number of bytes of the whole lines, line feeds included.
struct ParsedLine {
  std::uint32_t offset = 0;
  std::uint32_t head = 0;
  bool sample = false;
};

struct Exposition {
  std::vector<ParsedFamily> families;  // in order of first mention
  std::vector<ParsedSample> samples;
  std::vector<double> values;  // values[i] belongs to samples[i]
  std::vector<ParsedLabel> labels;
  std::vector<ParsedLine> lines;
  std::size_t line_count = 0;
  std::size_t bad_lines = 0;
};

// `text` is at most 4 GiB and ends with a line feed (a last line without one is a bad line).
Exposition parse(std::string_view text);

// Resolves the escapes \\, \n and \" of a HELP text or a label value; keeps any others as they are.
std::string unescape(std::string_view raw);

// The fast path for a text that repeats the lines of the one before with new numbers: reads only
// the numbers into `values`. `lines` and `before`: the earlier text and its parsed lines. False,
// with `values` unspecified, as soon as anything but a number differs.
bool reread(const std::vector<ParsedLine>& lines, std::string_view before, std::string_view now,
            std::vector<double>& values);

}  // namespace holdfast::supervisor::telemetry
