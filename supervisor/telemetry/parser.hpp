// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the Prometheus text format 0.0.4 and OpenMetrics 1.0, in one pass and without copying:
// every view points into the text, which must outlive the result. A line that is not well formed is
// skipped and counted; whether the rest is worth keeping is the caller's decision. Timestamps and
// exemplars are read past. Types and names are taken as written (resolve.hpp gives them meaning).
//
// Threads: any. Cost: linear in the text; memory: about 60 bytes per line.

#include <cstdint>
#include <optional>
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
  bool typed = false;  // a TYPE line was there; the first one counts
};

struct ParsedLabel {
  std::string_view name;
  std::string_view value;  // as written between the quotes, escapes included
};

struct ParsedSample {
  std::string_view name;
  std::uint32_t first_label = 0;  // in Exposition::labels
  std::uint32_t label_count = 0;
};

// A sample's line, or all lines up to the next sample. `head` counts the bytes up to the value for
// a sample, and the whole lines with their line feeds for anything else.
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

// What a HELP text or a label value means: \\, \n and \" resolved, other escapes kept as they are.
std::string unescape(std::string_view raw);

// A number as the formats write it: decimal, "NaN", "+Inf", "-Inf" in any case.
std::optional<double> parse_number(std::string_view token);

// Reads "VALUE [TIMESTAMP] [# EXEMPLAR]" from `at` to the line feed and moves `at` behind it.
// Nothing, and `at` stays, if that is not what is there.
std::optional<double> parse_value(const char*& at, const char* end);

// The same lines as last time, with new numbers: true and the values in `values`, without looking
// at names and labels again. False as soon as anything but a number differs; `values` is then
// unspecified.
bool reread(const std::vector<ParsedLine>& lines, std::string_view before, std::string_view now,
            std::vector<double>& values);

}  // namespace holdfast::supervisor::telemetry
