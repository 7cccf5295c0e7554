// SPDX-License-Identifier: Apache-2.0
// The ledger under a script of answers, exits and passing time, with small limits. Whatever workers
// send, after each step both formats are valid, no total has decreased or been lost, a refused
// answer has changed nothing, and no worker exposes names of the supervisor.
//
// The input is lines. "@aWI": the lines up to the next "@" are an answer of worker W, incarnation I
// (digits); "@rWI": that process has exited; "@tN": N times 7 s pass; "@e": old families expire.
#include "supervisor/telemetry/ledger.hpp"

#include "common/metrics/catalogue.hpp"
#include "common/metrics/text.hpp"
#include "supervisor/telemetry/totals.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/telemetry/history.hpp"
#include "tests/support/exposition.hpp"

using namespace holdfast::supervisor::telemetry;
using holdfast::Duration;
using holdfast::MonoTime;
using holdfast::WallTime;
using holdfast::fuzz::require;
using holdfast::metrics::Family;
using holdfast::metrics::Format;

namespace {

constexpr std::size_t kMaxSteps = 16;

LedgerSettings small() {
  LedgerSettings settings;
  settings.limits = {30, 50, 4, 64, 4096};
  settings.gauge_rules = GaugeRules({{"max_*", holdfast::metrics::GaugeRule::Max},
                                     {"min_*", holdfast::metrics::GaugeRule::Min},
                                     {"all_*", holdfast::metrics::GaugeRule::All}});
  settings.retired_family_ttl = std::chrono::seconds(60);
  return settings;
}

std::vector<Family> own_families() {
  std::vector<Family> families;
  families.push_back(holdfast::metrics::declared_family("holdfast_ready").add(1));
  families.push_back(holdfast::metrics::declared_family("process_cpu_seconds_total"));
  families.back().add({{"worker", "w.0"}}, 1.5).add({{"worker", "w.1"}}, 2.5);
  families.push_back(holdfast::metrics::declared_family("process_open_fds"));
  families.back().add({{"worker", "w.0"}}, 7);
  families.push_back(holdfast::metrics::declared_family("holdfast_loop_lag_seconds"));
  families.back().samples.push_back({{}, holdfast::metrics::HistogramValue{{{0.1, 3}}, 4, 0.5}});
  return families;
}

class Script {
 public:
  void run(std::string_view rest) {
    look(true);
    for (std::size_t steps = 0; !rest.empty() && steps < kMaxSteps; ++steps) {
      const std::string_view command = holdfast::fuzz::take_line(rest);
      if (command.size() < 2 || command[0] != '@') continue;
      const SourceId source{std::string("w.") + digit(command, 2), "w",
                            static_cast<std::uint64_t>(digit(command, 3) - '0')};
      switch (command[1]) {
        case 'a': apply(source, take_answer(rest)); break;
        case 'r':
          ledger_.retire(source, now_);
          look(false);
          break;
        case 't': now_ += std::chrono::seconds(7) * (digit(command, 2) - '0'); break;
        case 'e':
          ledger_.expire(now_);
          look(true);
          break;
        default: break;
      }
    }
    look(false);
    require(render(Format::Text004) == render(Format::Text004), "reading changes nothing");
  }

 private:
  static char digit(std::string_view command, std::size_t at) {
    return at < command.size() && command[at] >= '0' && command[at] <= '9' ? command[at] : '0';
  }

  static std::string take_answer(std::string_view& rest) {
    const std::size_t end = rest.starts_with('@') ? 0 : rest.find("\n@");
    const std::size_t size = end == 0 ? 0 : end == std::string_view::npos ? rest.size() : end + 1;
    const std::string answer(rest.substr(0, size));
    rest.remove_prefix(size);
    return answer;
  }

  std::string render(Format format) {
    std::string text;
    ledger_.render(own_, format, now_, text);
    return text;
  }

  void apply(const SourceId& source, const std::string& answer) {
    const std::string before = render(Format::Text004);
    if (ledger_.apply(source, answer, now_) != Applied::Accepted) {
      require(render(Format::Text004) == before, "what is refused changes nothing");
      return;
    }
    look(true);
    // An answer may make room for what it was refused itself; then it counts once.
    for (int i = 0; i < 3; ++i)
      require(ledger_.apply(source, answer, now_) == Applied::Accepted, "taken again");
    const std::string last = render(Format::Text004);
    ledger_.apply(source, answer, now_);
    require(render(Format::Text004) == last, "what is said again is not counted again");
    look(true);
  }

  // `may_forget`: a family may be gone since the last look.
  void look(bool may_forget) {
    const std::string text = render(Format::Text004);
    require_valid(text, false);
    const std::string open_metrics = render(Format::OpenMetrics100);
    require_valid(open_metrics, true);
    const Readings readings = read_exposition(text);
    require_same(readings, read_exposition(open_metrics));
    history_.add(readings, may_forget);
    require(reserved(readings) == reserved(own_readings_), "nobody speaks for the supervisor");
    (void)totals_of(ledger_, now_, WallTime{});
    require(ledger_.statistics().series <= small().limits.series_total, "series are bounded");
  }

  static void require_valid(const std::string& text, bool open_metrics) {
    const auto finding = holdfast::test::check_exposition(text, open_metrics);
    if (finding) std::fprintf(stderr, "%s\n%s\n", finding->c_str(), text.c_str());
    require(!finding, "the exposition is valid");
    require(parse(text).bad_lines == 0, "the exposition can be read");
  }

  static Readings reserved(const Readings& all) {
    Readings result;
    for (const auto& [series, reading] : all) {
      if (series.first.starts_with("holdfast_") || holdfast::metrics::is_reserved(reading.family)) {
        result.emplace(series, reading);
      }
    }
    return result;
  }

  static Readings own_only(const std::vector<Family>& own) {
    Ledger nobody;
    std::string text;
    nobody.render(own, Format::Text004, MonoTime{}, text);
    return read_exposition(text);
  }

  Ledger ledger_{small()};
  const std::vector<Family> own_ = own_families();
  const Readings own_readings_ = own_only(own_);
  History history_;
  MonoTime now_ = MonoTime{} + std::chrono::hours(1);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script().run(holdfast::fuzz::text_of(data, size));
  return 0;
}
