// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/series_table.hpp"

#include "common/metrics/text.hpp"
#include "supervisor/telemetry/parser.hpp"
#include "supervisor/telemetry/program_errors.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::supervisor::telemetry {
namespace {

using metrics::GaugeRule;
using metrics::Type;

Merge merge_of(Type type, GaugeRule rule) {
  if (type == Type::Counter) return Merge::Counter;
  if (type == Type::Histogram || type == Type::Summary) return Merge::Distribution;
  switch (rule) {
    case GaugeRule::Sum: return Merge::Sum;
    case GaugeRule::Max: return Merge::Max;
    case GaugeRule::Min: return Merge::Min;
    case GaugeRule::Average: return Merge::Average;
    case GaugeRule::First: return Merge::First;
    case GaugeRule::All: break;
  }
  return Merge::Newest;  // two incarnations of one worker may overlap; the newer one counts
}

// Prometheus stores series of these names beside what it scrapes, and alerts read them: `up` of a
// program would be taken for that of the whole stack. A colon is for the names of recording rules.
bool is_made_by_prometheus(std::string_view name) {
  return name == "up" || name == "ALERTS" || name == "ALERTS_FOR_STATE" ||
         name.starts_with("scrape_") || name.find(':') != std::string_view::npos;
}

// A program that the configuration does not have is behind all that it has.
constexpr std::uint32_t kGoneRank = std::numeric_limits<std::uint32_t>::max();

// A help text that is longer says nothing to a person.
std::string help_text(std::string_view help, const LedgerLimits& limits) {
  return help.size() > limits.label_value_bytes ? std::string() : unescape(help);
}

}  // namespace

SeriesTable::SeriesTable(GaugeRules rules, const LedgerLimits& limits)
    : rules_(std::move(rules)), limits_(limits) {
  for (const auto& entry : metrics::supervisor_catalogue()) {
    reserved_.emplace(entry.name);
    for (std::string& name : metrics::short_names(entry.name, entry.type))
      reserved_.insert(std::move(name));
  }
  for (const auto& entry : metrics::worker_catalogue()) {
    for (std::string& sample : metrics::sample_names(entry.name, entry.type))
      own_.insert(std::move(sample));
    for (std::string& name : metrics::short_names(entry.name, entry.type))
      own_.insert(std::move(name));
  }
}

const FamilyEntry* SeriesTable::counter_called(const std::string& name) const {
  const auto with = [this](std::string_view base) -> const FamilyEntry* {
    const auto found = by_name_.find(std::string(base) + "_total");
    if (found == by_name_.end()) return nullptr;
    const FamilyEntry& entry = families_[found->second];
    return entry.type == Type::Counter ? &entry : nullptr;
  };
  constexpr std::string_view kCreated = "_created";
  const FamilyEntry* const counter = with(name);
  if (counter != nullptr || !name.ends_with(kCreated)) return counter;
  return with(std::string_view(name).substr(0, name.size() - kCreated.size()));
}

std::optional<Clash> SeriesTable::not_free(const std::vector<std::string>& names,
                                           Claim claim) const {
  const auto any = [&](auto is) { return std::any_of(names.begin(), names.end(), is); };
  if (any(is_made_by_prometheus)) return Clash::Prometheus;
  // It describes what Prometheus scrapes, which is the supervisor and not the program. Everything
  // that uses OpenTelemetry reports it: nobody's fault.
  if (names.front() == "target_info") return Clash::Reserved;
  // Every client library reports process_*, which the supervisor reads itself: nobody's fault.
  if (any([this](const std::string& sample) { return reserved_.contains(sample); })) {
    const bool pretends = names.front().starts_with("holdfast_");
    return pretends ? Clash::Owned : Clash::Reserved;
  }
  if (any([](const std::string& sample) { return sample.starts_with("holdfast_"); })) {
    return Clash::Owned;
  }
  if (!claim.beside_own) return {};
  if (any([this](const std::string& sample) { return own_.contains(sample); })) return Clash::Owned;
  return {};
}

bool SeriesTable::set_programs(std::set<std::string, std::less<>> programs) {
  if (programs == programs_) return false;
  programs_ = std::move(programs);
  ++generation_;
  return true;
}

SeriesTable::Bound SeriesTable::bind(const LocalFamily& family, MonoTime now, Claim claim,
                                     std::string_view program) {
  const std::string& name = family.name;
  const std::string_view help = family.help;
  const Type type = family.type;
  const std::vector<std::string> names = metrics::sample_names(name, type);
  if (const auto clash = not_free(names, claim)) return {0, clash};
  if (is_gone(program)) claim.rank = kGoneRank;
  // A program that has moved in the file since is the same one.
  const auto rank_for = [&](const FamilyEntry& entry) {
    if (entry.owner == program) return claim.rank;
    return is_gone(entry.owner) ? kGoneRank : entry.rank;
  };
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    FamilyEntry& entry = families_[found->second];
    // Gauges of programs are told apart by a label in any case.
    // What one that is gone has counted stays in the total, to which its successor adds.
    const bool inherited = is_gone(entry.owner) && claim.rank != kGoneRank;
    const bool taken_over = inherited || claim.rank < entry.rank;
    const bool mine =
        inherited || rank_for(entry) <= claim.rank || type == Type::Gauge || entry.per_worker;
    if (entry.type == type && mine) {
      if (entry.help.empty() || (taken_over && !help.empty())) {
        entry.help = help_text(help, limits_);
      }
      if (taken_over) {
        entry.rank = claim.rank;
        entry.owner = program;
      }
      ++entry.sources;
      return {found->second};
    }
  }
  Bound bound;
  for (const std::string& claimed : names) {
    const auto found = claims_.find(claimed);
    if (found == claims_.end()) continue;
    const FamilyEntry& other = families_[found->second];
    if (rank_for(other) > claim.rank) {
      bound.in_the_way.push_back(found->second);
    } else if (other.sources > 0 || rank_for(other) < claim.rank) {
      if (other.name != name) return {0, Clash::Suffix};
      return {0, other.owner == program ? Clash::Retyped : Clash::Type};
    }
  }
  // In OpenMetrics these would decide the type of a counter that comes before them in the file.
  for (const std::string& claimed : names) {
    const FamilyEntry* const counter = counter_called(claimed);
    if (counter != nullptr && rank_for(*counter) < claim.rank) return {0, Clash::Suffix};
  }
  for (const std::string& own : metrics::short_names(name, type)) {
    const auto found = claims_.find(own);
    if (found == claims_.end() || rank_for(families_[found->second]) <= claim.rank) continue;
    auto& in_the_way = bound.in_the_way;
    if (std::find(in_the_way.begin(), in_the_way.end(), found->second) == in_the_way.end())
      in_the_way.push_back(found->second);
  }
  if (!bound.in_the_way.empty()) return bound;
  // No live worker exposes the families that are in the way.
  for (const std::string& claimed : names) {
    if (const auto found = claims_.find(claimed); found != claims_.end()) {
      erase_family(found->second);
    }
  }
  FamilyId id = static_cast<FamilyId>(families_.size());
  if (free_families_.empty()) {
    families_.emplace_back();
  } else {
    id = free_families_.back();
    free_families_.pop_back();
  }
  const GaugeRules::Choice choice = rules_.choose(name, type, family.kind);
  FamilyEntry& entry = families_[id];
  entry = FamilyEntry{};
  entry.name = name;
  entry.help = help_text(help, limits_);
  entry.type = type;
  entry.merge = merge_of(type, choice.rule);
  entry.per_worker = entry.merge == Merge::Newest;
  if (choice.by_default && entry.merge == Merge::Sum) entry.time_scales = time_scales(name);
  entry.has_errors = entry.merge == Merge::Counter && ProgramErrors::reads(name);
  entry.rank = claim.rank;
  entry.owner = program;
  entry.sources = 1;
  entry.idle_since = now;
  by_name_.emplace(name, id);
  for (const std::string& claimed : names)
    claims_.emplace(claimed, id);
  return {id};
}

void SeriesTable::release(FamilyId id, MonoTime now) {
  FamilyEntry& entry = families_[id];
  if (--entry.sources > 0) return;
  entry.idle_since = now;
  ++generation_;
  sweep();
  if (entry.series.empty()) erase_family(id);
}

void SeriesTable::make_key(FamilyId family, std::string_view labels, std::string& out) const {
  out.assign(families_[family].name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
}

std::optional<SeriesId> SeriesTable::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

std::optional<SeriesId> SeriesTable::add(FamilyId family, const std::string& key,
                                         std::uint32_t lines) {
  if (lines_ + lines > limits_.series_total) return std::nullopt;
  if (bytes_ + key.size() > limits_.bytes_total()) return std::nullopt;
  SeriesId id = static_cast<SeriesId>(series_.size());
  if (free_series_.empty()) {
    series_.emplace_back();
  } else {
    id = free_series_.back();
    free_series_.pop_back();
  }
  lines_ += lines;
  bytes_ += key.size();
  const auto entry = by_key_.emplace(key, id).first;
  SeriesEntry& series = series_[id];
  series.key = &entry->first;
  series.family = family;
  series.lines = lines;
  if (families_[family].merge == Merge::Distribution) {
    series.distribution = std::make_unique<HistogramTotal>();
  }
  families_[family].series.push_back(id);
  families_[family].sorted = false;
  return id;
}

bool SeriesTable::has_past(const SeriesEntry& entry) const {
  const Merge merge = families_[entry.family].merge;
  return entry.known && (merge == Merge::Counter || merge == Merge::Distribution);
}

void SeriesTable::reference(SeriesId id) {
  SeriesEntry& entry = series_[id];
  if (entry.references++ == 0 && has_past(entry)) retired_lines_ -= entry.lines;
}

bool SeriesTable::unreference(SeriesId id) {
  SeriesEntry& entry = series_[id];
  if (--entry.references > 0) return true;
  const bool past = has_past(entry);
  if (past) retired_lines_ += entry.lines;
  if (past && retired_lines_ <= limits_.series_total / 2) return true;
  untidy_families_.push_back(entry.family);
  erase_series(id);
  return !past;
}

bool SeriesTable::resize(SeriesId id, std::uint32_t lines) {
  SeriesEntry& entry = series_[id];
  if (lines_ - entry.lines + lines > limits_.series_total) return false;
  lines_ = lines_ - entry.lines + lines;
  entry.lines = lines;
  return true;
}

void SeriesTable::sweep() {
  if (erased_series_.empty()) return;
  std::sort(untidy_families_.begin(), untidy_families_.end());
  const auto last = std::unique(untidy_families_.begin(), untidy_families_.end());
  for (auto family = untidy_families_.begin(); family != last; ++family) {
    std::erase_if(families_[*family].series,
                  [this](SeriesId id) { return series_[id].key == nullptr; });
  }
  untidy_families_.clear();
  free_series_.insert(free_series_.end(), erased_series_.begin(), erased_series_.end());
  erased_series_.clear();
}

void SeriesTable::erase_series(SeriesId id) {
  SeriesEntry& entry = series_[id];
  lines_ -= entry.lines;
  bytes_ -= entry.key->size();
  if (entry.references == 0 && has_past(entry)) retired_lines_ -= entry.lines;
  by_key_.erase(by_key_.find(*entry.key));
  entry = SeriesEntry{};
  erased_series_.push_back(id);
  ++generation_;
}

void SeriesTable::erase_family(FamilyId id) {
  FamilyEntry& entry = families_[id];
  for (const SeriesId series : entry.series) {
    if (series_[series].key != nullptr) erase_series(series);
  }
  for (const std::string& claimed : metrics::sample_names(entry.name, entry.type)) {
    claims_.erase(claimed);
  }
  by_name_.erase(entry.name);
  entry = FamilyEntry{};
  free_families_.push_back(id);
  ++generation_;
}

void SeriesTable::expire(MonoTime before) {
  std::vector<FamilyId> idle;
  for (const auto& [name, id] : by_name_) {
    if (families_[id].sources == 0 && families_[id].idle_since < before) idle.push_back(id);
  }
  for (const FamilyId id : idle)
    erase_family(id);
}

std::string_view SeriesTable::labels(SeriesId id) const {
  std::string_view key = *series_[id].key;
  key.remove_prefix(families_[series_[id].family].name.size());
  return key.size() > 3 ? key.substr(1, key.size() - 3) : std::string_view{};
}

const std::vector<SeriesId>& SeriesTable::sorted(FamilyId id) {
  sweep();
  FamilyEntry& entry = families_[id];
  if (!entry.sorted) {
    std::sort(entry.series.begin(), entry.series.end(),
              [this](SeriesId a, SeriesId b) { return *series_[a].key < *series_[b].key; });
    entry.sorted = true;
  }
  return entry.series;
}

}  // namespace holdfast::supervisor::telemetry
