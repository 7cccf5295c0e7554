// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/telemetry/support.hpp"

#include "common/base/id.hpp"
#include "tests/support/catch.hpp"

#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace holdfast::supervisor::telemetry::test {
namespace {

struct Line {
  std::string name;
  std::string labels;  // without le
  std::string le;
  double value = 0;
};

// Deliberately simple: splits "name{labels} value" at the last space and the first brace.
std::optional<Line> split(const std::string& text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string::npos) return std::nullopt;
  Line line;
  char* end = nullptr;
  line.value = std::strtod(text.c_str() + space + 1, &end);
  if (end == text.c_str() + space + 1 || *end != '\0') return std::nullopt;
  const std::string head = text.substr(0, space);
  const std::size_t brace = head.find('{');
  line.name = head.substr(0, brace);
  if (brace == std::string::npos) return line;
  if (head.back() != '}') return std::nullopt;
  line.labels = head.substr(brace + 1, head.size() - brace - 2);
  const std::size_t le = line.labels.rfind("le=\"");
  if (line.name.ends_with("_bucket") && le != std::string::npos &&
      (le == 0 || line.labels[le - 1] == ',')) {
    line.le = line.labels.substr(le + 4, line.labels.size() - le - 5);
    line.labels.resize(le == 0 ? 0 : le - 1);
  }
  return line;
}

struct Buckets {
  double bound = -INFINITY;
  double count = -1;
};

bool belongs(const std::string& name, const std::string& family) {
  if (name == family) return true;
  for (const char* suffix : {"_bucket", "_sum", "_count", "_total"}) {
    if (name == family + suffix) return true;
  }
  return false;
}

}  // namespace

Source source(std::string worker, std::uint64_t incarnation) {
  std::string program = worker.substr(0, worker.rfind('.'));
  return {std::move(worker), std::move(program), incarnation};
}

std::string expose(Ledger& ledger, metrics::Format format, MonoTime now,
                   const std::vector<metrics::Family>& own) {
  std::string out;
  ledger.render(own, format, now, out);
  return out;
}

std::map<std::string, double> values(const std::string& exposition) {
  REQUIRE(check_exposition(exposition) == std::nullopt);
  std::map<std::string, double> out;
  std::istringstream in(exposition);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    out[line.substr(0, space)] = std::strtod(line.c_str() + space + 1, nullptr);
  }
  return out;
}

std::map<std::string, double> values(Ledger& ledger, MonoTime now) {
  return values(expose(ledger, metrics::Format::Text004, now));
}

std::optional<std::string> check_exposition(std::string_view text) {
  if (!text.ends_with("# EOF\n")) return "no end marker";
  std::set<std::string> families;
  std::set<std::string> series;
  std::map<std::string, Buckets> buckets;
  std::string family;
  std::string type;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    if (line == "# EOF") continue;
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      if (!families.insert(family).second) return "HELP twice: " + line;
      type.clear();
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      if (!type.empty() || !line.starts_with("# TYPE " + family + " ")) return "TYPE: " + line;
      type = line.substr(8 + family.size());
      continue;
    }
    const auto sample = split(line);
    if (!sample) return "not a sample: " + line;
    if (!belongs(sample->name, family)) return "outside of its family: " + line;
    if (!series.insert(line.substr(0, line.rfind(' '))).second) return "twice: " + line;
    if (type == "counter" && !(sample->value >= 0)) return "bad counter: " + line;
    if (type != "histogram") continue;
    Buckets& last = buckets[family + "{" + sample->labels + "}"];
    if (sample->name == family + "_bucket") {
      const double bound = std::strtod(sample->le.c_str(), nullptr);
      if (!(bound > last.bound)) return "le not ascending: " + line;
      if (sample->value < last.count) return "buckets fall: " + line;
      last = {bound, sample->value};
    } else if (sample->name == family + "_count" &&
               (!std::isinf(last.bound) || last.count != sample->value)) {
      return "+Inf is not the count: " + line;
    }
  }
  return std::nullopt;
}

Verdict promtool(const std::string& exposition) {
  const auto base = std::filesystem::temp_directory_path() / ("holdfast-promtool-" + make_uuid());
  const std::string input = base.string() + ".txt";
  const std::string output = base.string() + ".out";
  std::ofstream(input) << exposition;
  const std::string command = "promtool check metrics < " + input + " > " + output + " 2>&1";
  const int status = std::system(command.c_str());
  Verdict verdict;
  verdict.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::stringstream text;
  text << std::ifstream(output).rdbuf();
  verdict.output = text.str();
  std::filesystem::remove(input);
  std::filesystem::remove(output);
  return verdict;
}

std::uint64_t dropped(const Ledger& ledger, Drop reason) {
  return ledger.statistics().drops[static_cast<std::size_t>(reason)];
}

}  // namespace holdfast::supervisor::telemetry::test
