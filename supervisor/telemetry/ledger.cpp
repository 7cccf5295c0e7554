// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/ledger.hpp"

#include "common/metrics/exposition.hpp"
#include "common/metrics/text.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace holdfast::supervisor::telemetry {
namespace {

constexpr double kLargestCount = 9007199254740992.0;  // 2^53: beyond it a double skips integers

bool is_count(double value) {
  return value >= 0 && value < kLargestCount;
}

// It is something else than an exposition: a page of HTML, a compressed body. What is merely wrong
// in some of its lines costs those.
bool too_damaged(const Exposition& snapshot) {
  return snapshot.bad_lines > 0 && snapshot.bad_lines * 2 >= snapshot.line_count;
}

struct Cut {
  std::size_t lines = 0;     // that remain
  std::size_t left_out = 0;  // lines
};

// Keeps the first lines of an answer, within the limits of one source: whoever sends more cannot
// choose what it costs.
Cut cut(std::string& snapshot, const LedgerLimits& limits) {
  const std::size_t most = std::min(snapshot.size(), limits.bytes_per_source());
  std::size_t end = 0;
  std::size_t lines = 0;
  while (lines < limits.answer_lines()) {
    const std::size_t feed = snapshot.find('\n', end);
    if (feed == std::string::npos || feed >= most) break;
    end = feed + 1;
    ++lines;
  }
  const auto rest = snapshot.begin() + static_cast<std::ptrdiff_t>(end);
  const auto left_out = static_cast<std::size_t>(std::count(rest, snapshot.end(), '\n'));
  snapshot.resize(end);
  if (left_out > 0) snapshot.shrink_to_fit();
  return {lines, left_out};
}

const char* reason_of(Clash clash) {
  switch (clash) {
    case Clash::Type:
    case Clash::Retyped: return "type";
    case Clash::Owned:
    case Clash::Prometheus: return "owned";
    case Clash::Shared: return "shared";
    case Clash::Reserved:
    case Clash::Suffix: break;
  }
  return "suffix";
}

}  // namespace

std::string_view to_string(Drop reason) {
  switch (reason) {
    case Drop::InvalidLabel: return "invalid_label";
    case Drop::InvalidValue: return "invalid_value";
    case Drop::Duplicate: return "duplicate";
    case Drop::Reserved: return "reserved";
    case Drop::Type: return "type";
    case Drop::Suffix: return "suffix";
    case Drop::Limit: return "limit";
    case Drop::Quantile: return "quantile";
    case Drop::Created: return "created";
    case Drop::Unsupported: break;
  }
  return "unsupported";
}

Ledger::Ledger(LedgerSettings settings)
    : settings_(std::move(settings)),
      table_(settings_.gauge_rules, settings_.limits),
      planner_(settings_.limits, table_, [this](FamilyId family) { take_away(family); }) {}

SourceState* Ledger::find(const SourceId& source) const {
  for (const auto& state : live_) {
    if (state->source.incarnation == source.incarnation && state->source.worker == source.worker) {
      return state.get();
    }
  }
  return nullptr;
}

// What the others have reported under this name is forgotten: it was never theirs.
void Ledger::take_away(FamilyId family) {
  for (const auto& state : live_) {
    const auto give_up = [&](const auto& entry) {
      if (table_.series(entry.series).family != family) return false;
      table_.unreference(entry.series);
      return true;
    };
    std::erase_if(state->scalars, give_up);
    std::erase_if(state->distributions, give_up);
    if (std::erase(state->families, family) == 0) continue;
    table_.release(family, MonoTime{});
    state->refused = true;  // read in full the next time, when it may get a label
  }
  table_.erase(family);
}

void Ledger::set_programs(std::set<std::string, std::less<>> programs) {
  if (!table_.set_programs(std::move(programs))) return;
  std::map<FamilyId, const SourceState*> heirs;
  for (const auto& state : live_) {
    if (table_.is_gone(state->source.program)) continue;
    for (const FamilyId family : state->families) {
      const SourceState*& heir = heirs[family];
      const bool first = heir == nullptr || state->rules.claim.rank < heir->rules.claim.rank;
      if (first && table_.is_gone(table_.family(family).owner)) heir = state.get();
    }
  }
  for (const auto& [family, heir] : heirs) {
    if (heir == nullptr) continue;
    table_.family(family).owner = heir->source.program;
    table_.family(family).rank = heir->rules.claim.rank;
  }
}

Applied Ledger::refuse(const SourceId& source, const char* reason, Applied result) {
  ++programs_[source.program].parse_errors[reason];
  return result;
}

Applied Ledger::apply(const SourceId& source, std::string snapshot, MonoTime now,
                      const SourceRules& rules, Ending ending) {
  SourceState* state = find(source);
  if (state == nullptr) {
    const auto retired = retired_upto_.find(source.worker);
    if (retired != retired_upto_.end() && source.incarnation <= retired->second) {
      return refuse(source, "stale_incarnation", Applied::StaleSource);
    }
  }
  if (snapshot.size() > settings_.limits.snapshot_bytes) {
    return refuse(source, "oversized", Applied::Oversized);
  }
  const bool marked = snapshot.ends_with(metrics::kEndMarker);
  const bool expected = ending == Ending::ByMarker && state != nullptr && state->ends_with_marker;
  if (!snapshot.ends_with('\n') || (expected && !marked)) {
    return refuse(source, "truncated", Applied::Truncated);
  }
  // The lines of the last answer, which was within the limits: they need not be counted again.
  Cut read;
  bool same = state != nullptr && snapshot.size() <= settings_.limits.bytes_per_source() &&
              reread_same_lines(*state, snapshot);
  if (!same) {
    read = cut(snapshot, settings_.limits);
    same = state != nullptr && read.left_out > 0 && reread_same_lines(*state, snapshot);
  }
  if (!same) {
    Exposition parsed = parse(snapshot);
    if (too_damaged(parsed)) return refuse(source, "malformed", Applied::Malformed);
    if (state == nullptr) {
      live_.push_back(std::make_unique<SourceState>());
      state = live_.back().get();
      state->source = source;
      state->rules = rules;
      state->arrival_index = ++arrivals_;
    }
    values_ = std::move(parsed.values);
    planner_.rebuild(*state, parsed, now);
    keep_text(*state, std::move(snapshot));
    ++full_parses_;
  }
  if (read.left_out > 0) {
    drops_[static_cast<std::size_t>(Drop::Limit)] += read.left_out;
    state->note_left_out(Drop::Limit, "the one after line " + std::to_string(read.lines));
  }
  state->ends_with_marker = marked;
  state->last_good = now;
  commit(*state);
  return Applied::Accepted;
}

// The text is kept for the fast path only: where many sources have long ones, not for all.
void Ledger::keep_text(SourceState& state, std::string text) {
  text_bytes_ -= state.text.size();
  if (text_bytes_ + text.size() > settings_.limits.bytes_total()) {
    state.text.clear();
    state.text.shrink_to_fit();
    state.lines = {};
    return;
  }
  text_bytes_ += text.size();
  state.text = std::move(text);
}

bool Ledger::reread_same_lines(SourceState& state, const std::string& snapshot) {
  if (state.text.empty()) return false;  // not kept: an empty answer would look the same
  if (state.refused && state.planned_at != table_.generation()) return false;
  return reread(state.lines, state.text, snapshot, values_);
}

void Ledger::commit(SourceState& state) {
  ProgramCounts& counts = programs_[state.source.program];
  for (ScalarEntry& entry : state.scalars) {
    if (entry.cell == kNoCell) continue;
    const FamilyEntry& family = table_.family(table_.series(entry.series).family);
    if (commit_scalar(state, entry, family, values_[entry.cell])) ++counts.resets;
  }
  for (DistributionEntry& entry : state.distributions) {
    if (entry.present() && commit_distribution(state, entry)) ++counts.resets;
  }
  for (std::size_t i = 0; i < kDropReasons; ++i)
    drops_[i] += state.drops[i];
  if (state.bad_lines > 0) counts.parse_errors["malformed_line"] += state.bad_lines;
}

void Ledger::drop_value(SourceState& state, SeriesId series) {
  ++drops_[static_cast<std::size_t>(Drop::InvalidValue)];
  state.note_left_out(Drop::InvalidValue, table_.family(table_.series(series).family).name);
}

// True if the series was reset.
bool Ledger::commit_scalar(SourceState& state, ScalarEntry& entry, const FamilyEntry& family,
                           double value) {
  SeriesEntry& series = table_.series(entry.series);
  bool reset = false;
  if (family.merge == Merge::Counter) {
    if (!(value >= 0) || std::isinf(value)) {
      drop_value(state, entry.series);
      return false;
    }
    reset = entry.good && value < entry.last;
    if (reset) series.retired += entry.last;
    const double before = entry.good && !reset ? entry.last : 0;
    if (family.has_errors && value > before) {
      program_errors_.add(state.source.program, family.name, table_.labels(entry.series),
                          value - before);
    }
  }
  entry.last = value;
  entry.good = true;
  series.known = true;
  return reset;
}

bool Ledger::read_counts(const DistributionEntry& entry, Counts& counts) const {
  double below = 0;
  for (const std::uint32_t cell : entry.bucket_cells) {
    const double value = values_[cell];
    if (!is_count(value) || value < below) return false;
    counts.buckets.push_back(value);
    below = value;
  }
  const bool has_count = entry.count_cell != kNoCell;
  const double count = values_[has_count ? entry.count_cell : entry.infinity_cell];
  if (!is_count(count) || count < below) return false;
  if (has_count && entry.infinity_cell != kNoCell && values_[entry.infinity_cell] != count) {
    return false;
  }
  counts.count = count;
  counts.has_sum = entry.sum_cell != kNoCell;
  counts.sum = counts.has_sum ? values_[entry.sum_cell] : 0;
  return true;
}

bool Ledger::commit_distribution(SourceState& state, DistributionEntry& entry) {
  Counts counts;
  counts.layout = entry.layout;
  counts.buckets.reserve(entry.bucket_cells.size());
  if (!read_counts(entry, counts)) {
    drop_value(state, entry.series);
    return false;
  }
  SeriesEntry& series = table_.series(entry.series);
  const bool reset = entry.good && !continues(counts, entry.last);
  if (reset) series.distribution->retire(entry.known());
  if (counts.has_sum && !std::isfinite(counts.sum)) {
    // One observation of NaN or Inf spoils the sum: nobody knows what it would be without.
    drop_value(state, entry.series);
    counts.has_sum = false;
  }
  if (counts.has_sum) {
    entry.sum_known = true;
  } else {
    // The last one that was known counts again when this incarnation has gone.
    entry.sum_known = entry.sum_known && !reset;
    counts.sum = entry.sum_known ? entry.last.sum : 0;
  }
  entry.last = std::move(counts);
  entry.good = true;
  series.known = true;
  series.distribution->adopt(entry.last.layout, state.arrival_index);
  return reset;
}

// Drops the reference of a source that is gone.
void Ledger::forget_unless_room(const SourceState& state, SeriesId series, std::uint32_t lines) {
  const FamilyId family = table_.series(series).family;
  if (table_.unreference(series)) return;
  drops_[static_cast<std::size_t>(Drop::Limit)] += lines;
  forgotten_.try_emplace(state.source.program, table_.family(family).name);
}

std::optional<Duration> Ledger::retire(const SourceId& source, MonoTime now) {
  std::uint64_t& upto = retired_upto_[source.worker];
  upto = std::max(upto, source.incarnation);
  const auto at = std::find_if(live_.begin(), live_.end(), [&](const auto& state) {
    return state->source.incarnation == source.incarnation && state->source.worker == source.worker;
  });
  if (at == live_.end()) return std::nullopt;
  const std::unique_ptr<SourceState> state = std::move(*at);
  live_.erase(at);
  text_bytes_ -= state->text.size();
  ++retired_incarnations_;
  for (const ScalarEntry& entry : state->scalars) {
    SeriesEntry& series = table_.series(entry.series);
    const bool counter = table_.family(series.family).merge == Merge::Counter;
    if (counter && entry.good) series.retired += entry.last;
    forget_unless_room(*state, entry.series, 1);
  }
  for (const DistributionEntry& entry : state->distributions) {
    if (entry.good) table_.series(entry.series).distribution->retire(entry.known());
    forget_unless_room(*state, entry.series, table_.series(entry.series).lines);
  }
  for (const FamilyId family : state->families)
    table_.release(family, now);
  return now - state->last_good;
}

void Ledger::expire(MonoTime now) {
  table_.expire(now - settings_.retired_family_ttl);
  planner_.purge_layouts();
}

std::optional<MonoTime> Ledger::last_good(const SourceId& source) const {
  const SourceState* state = find(source);
  if (state == nullptr) return std::nullopt;
  return state->last_good;
}

std::vector<FamilyConflict> Ledger::conflicts() const {
  std::set<FamilyConflict> distinct;
  for (const auto& state : live_)
    distinct.insert(state->conflicts.begin(), state->conflicts.end());
  return {distinct.begin(), distinct.end()};
}

std::vector<LeftOut> Ledger::left_out() const {
  std::vector<LeftOut> result;
  for (const auto& [program, family] : forgotten_)
    result.push_back({program, Drop::Limit, family});
  for (const auto& state : live_) {
    for (const auto& [reason, sample] : state->left_out)
      result.push_back({state->source.program, reason, sample});
  }
  return result;
}

LedgerStatistics Ledger::statistics() const {
  LedgerStatistics out{programs_, drops_, retired_incarnations_, full_parses_, rendered_lines_, {}};
  out.conflicting_families = {
      {"type", 0}, {"suffix", 0}, {"buckets", 0}, {"owned", 0}, {"shared", 0}};
  std::set<std::pair<std::string, Clash>> distinct;
  for (const FamilyConflict& conflict : conflicts()) {
    if (!distinct.emplace(conflict.family, conflict.clash).second) continue;
    ++out.conflicting_families[reason_of(conflict.clash)];
  }
  std::set<FamilyId> mixed;
  for (const auto& state : live_) {
    for (const DistributionEntry& entry : state->distributions) {
      const SeriesEntry& series = table_.series(entry.series);
      if (entry.good && series.distribution->layout() != entry.last.layout) {
        mixed.insert(series.family);
      }
    }
  }
  out.conflicting_families["buckets"] = mixed.size();
  return out;
}

// --- Adding up and rendering -------------------------------------------------------------------

void Ledger::add_scalars(const SourceState& state, bool gauges) {
  for (const ScalarEntry& entry : state.scalars) {
    if (!entry.good) continue;
    const FamilyEntry& family = table_.family(table_.series(entry.series).family);
    const Merge merge = family.merge;
    Cell& cell = cells_[entry.series];
    const double value = entry.last;
    if (merge == Merge::Counter) {
      cell.value += value;
      ++cell.valid;
      continue;
    }
    if (!gauges) continue;
    ++cell.any;
    if (std::isnan(value)) continue;
    const bool first = cell.valid++ == 0;
    switch (merge) {
      case Merge::Sum:
        if (looks_like_time(value, family.time_scales) &&
            looks_like_time(cell.value, family.time_scales)) {
          cell.value = std::max(cell.value, value);
        } else {
          cell.value += value;
        }
        break;
      case Merge::Average: cell.value += value; break;
      case Merge::Max: cell.value = first ? value : std::max(cell.value, value); break;
      case Merge::Min: cell.value = first ? value : std::min(cell.value, value); break;
      case Merge::First:
        if (first) cell.value = value;
        break;
      case Merge::Newest: cell.value = value; break;
      case Merge::Counter:
      case Merge::Distribution: break;
    }
  }
}

bool Ledger::is_fresh(const SourceState& state, MonoTime now) const {
  return now - state.last_good <= std::max(settings_.stale_after, state.rules.stale_after);
}

void Ledger::total_up(MonoTime now) {
  cells_.assign(table_.capacity(), Cell{});
  for (SeriesId id = 0; id < cells_.size(); ++id) {
    SeriesEntry& series = table_.series(id);
    cells_[id].value = series.retired;
    if (series.distribution) series.distribution->show_newest();
  }
  for (const auto& state : live_) {
    for (const DistributionEntry& entry : state->distributions) {
      if (entry.good) table_.series(entry.series).distribution->show_wider(entry.last.layout);
    }
  }
  for (SeriesId id = 0; id < cells_.size(); ++id) {
    SeriesEntry& series = table_.series(id);
    if (series.distribution && series.distribution->layout()) series.distribution->begin();
  }
  // In order of arrival, so that sums of the same values are equal to the last bit.
  for (const auto& state : live_) {
    add_scalars(*state, is_fresh(*state, now));
    for (const DistributionEntry& entry : state->distributions) {
      if (entry.good) table_.series(entry.series).distribution->add(entry.last);
    }
  }
}

std::optional<double> Ledger::scalar_value(SeriesId id, Merge merge) {
  const Cell& cell = cells_[id];
  SeriesEntry& series = table_.series(id);
  if (merge == Merge::Counter) {
    if (!series.known) return std::nullopt;
    // Retiring a worker changes the order of additions; the last bit must not look like a reset.
    series.exposed = std::max(series.exposed, cell.value);
    return series.exposed;
  }
  if (cell.any == 0) return std::nullopt;
  if (cell.valid == 0) return std::nan("");
  return merge == Merge::Average ? cell.value / cell.valid : cell.value;
}

void Ledger::render_distribution(SeriesId id, metrics::Format format, std::string& out) {
  HistogramTotal& total = *table_.series(id).distribution;
  const FamilyEntry& family = table_.family(table_.series(id).family);
  const Counts& counts = total.value();
  const std::string_view labels = table_.labels(id);
  const bool open = format == metrics::Format::OpenMetrics100;
  // OpenMetrics wants whole numbers.
  const auto written = [&](double count) { return open ? std::floor(count) : count; };
  if (family.type == metrics::Type::Histogram) {
    const auto& ends = counts.layout->line_ends[static_cast<std::size_t>(format)];
    for (std::size_t i = 0; i < ends.size(); ++i) {
      out.append(family.name).append("_bucket{").append(labels);
      if (!labels.empty()) out += ',';
      out += ends[i];
      const bool bounded = i < counts.buckets.size();
      metrics::append_number(out, written(bounded ? counts.buckets[i] : counts.count));
      out += '\n';
    }
    rendered_lines_ += ends.size();
  }
  const auto line = [&](std::string_view suffix, double value) {
    out.append(family.name).append(suffix);
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out += ' ';
    metrics::append_number(out, value);
    out += '\n';
    ++rendered_lines_;
  };
  const double lowest = counts.layout->bounds.empty() ? 0 : counts.layout->bounds.front();
  const bool has_sum = counts.has_sum && metrics::has_sum(format, lowest, counts.sum);
  if (has_sum) line("_sum", counts.sum);
  const bool open_histogram = open && family.type == metrics::Type::Histogram;
  if (has_sum || !open_histogram) line("_count", written(counts.count));
}

bool Ledger::has_value(const FamilyEntry& family) const {
  const bool accumulates = family.merge == Merge::Counter || family.merge == Merge::Distribution;
  return std::any_of(family.series.begin(), family.series.end(), [&](SeriesId id) {
    return accumulates ? table_.series(id).known : cells_[id].any > 0;
  });
}

void Ledger::render_family(FamilyId id, metrics::Format format, const Taken& taken,
                           std::string& out) {
  const std::vector<SeriesId>& sorted = table_.sorted(id);
  const FamilyEntry& family = table_.family(id);
  if (!has_value(family)) return;
  const metrics::Heading heading = metrics::heading_of(family.name, family.type, format, taken);
  metrics::append_header(out, heading.name, family.help, heading.type, format);
  for (const SeriesId series : sorted) {
    if (family.merge == Merge::Distribution) {
      if (table_.series(series).known) render_distribution(series, format, out);
    } else if (const auto value = scalar_value(series, family.merge)) {
      out += *table_.series(series).key;
      metrics::append_number(out, *value);
      out += '\n';
      ++rendered_lines_;
    }
  }
}

void Ledger::render(const std::vector<metrics::Family>& own, metrics::Format format, MonoTime now,
                    std::string& out) {
  total_up(now);
  rendered_lines_ = 0;
  const std::vector<metrics::Family> families = metrics::merge_families(own);
  const std::set<std::string> own_samples = metrics::sample_names(families);
  const Taken taken = [&](const std::string& name) {
    return own_samples.contains(name) || table_.claims(name);
  };
  std::set<std::string_view> own_names;
  for (const metrics::Family& family : families)
    own_names.insert(family.name);

  auto next = families.begin();
  const auto write_own = [&] {
    const auto heading = metrics::heading_of(next->name, next->type, format, taken);
    metrics::append_header(out, heading.name, next->help, heading.type, format);
    metrics::write_samples(*next, format, out);
    ++next;
  };
  for (const auto& [name, id] : table_.by_name()) {
    while (next != families.end() && next->name <= name)
      write_own();
    if (own_names.contains(name)) continue;
    render_family(id, format, taken, out);
  }
  while (next != families.end())
    write_own();
  out += metrics::kEndMarker;
}

std::map<std::string_view, std::vector<SeriesValue>> Ledger::read(
    std::span<const std::string_view> families, MonoTime now) {
  std::map<std::string_view, std::vector<SeriesValue>> result;
  total_up(now);
  for (const std::string_view name : families) {
    const auto found = table_.by_name().find(name);
    if (found == table_.by_name().end()) continue;
    const std::vector<SeriesId>& sorted = table_.sorted(found->second);
    const FamilyEntry& family = table_.family(found->second);
    for (const SeriesId id : sorted) {
      SeriesValue value{std::string(table_.labels(id)), 0, 0, {}};
      if (family.merge == Merge::Distribution) {
        if (!table_.series(id).known) continue;
        value.counts = table_.series(id).distribution->value();
      } else if (const auto scalar = scalar_value(id, family.merge)) {
        value.value = *scalar;
        value.sources = cells_[id].any;
      } else {
        continue;
      }
      result[name].push_back(std::move(value));
    }
  }
  return result;
}

std::map<std::string, std::vector<double>> Ledger::gauge_by_program(std::string_view name,
                                                                    MonoTime now) const {
  std::map<std::string, std::vector<double>> result;
  const auto found = table_.by_name().find(name);
  if (found == table_.by_name().end()) return result;
  for (const auto& state : live_) {
    if (!is_fresh(*state, now)) continue;
    for (const ScalarEntry& entry : state->scalars) {
      if (!entry.good || table_.series(entry.series).family != found->second) continue;
      result[state->source.program].push_back(entry.last);
    }
  }
  return result;
}

}  // namespace holdfast::supervisor::telemetry
