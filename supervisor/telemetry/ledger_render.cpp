// SPDX-License-Identifier: Apache-2.0
// The part of the ledger that adds everything up and writes it down.
#include "common/metrics/exposition.hpp"
#include "common/metrics/text.hpp"
#include "supervisor/telemetry/ledger.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace holdfast::supervisor::telemetry {

void Ledger::add_scalars(const SourceState& state, bool gauges) {
  for (const ScalarEntry& entry : state.scalars) {
    if (!entry.good) continue;
    const Merge merge = table_.family(table_.series(entry.series).family).merge;
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

void Ledger::total_up(MonoTime now) {
  cells_.assign(table_.capacity(), Cell{});
  for (SeriesId id = 0; id < cells_.size(); ++id) {
    SeriesEntry& series = table_.series(id);
    cells_[id].value = series.retired;
    if (series.distribution && series.distribution->layout()) series.distribution->begin();
  }
  // In the order of arrival: sums of the same values are then the same to the last bit.
  for (const auto& state : live_) {
    add_scalars(*state, now - state->last_good <= settings_.stale_after);
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
    // Folding a worker changes the order of additions; the last bit must not look like a reset.
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
  if (family.type == metrics::Type::Histogram) {
    const auto& ends = counts.layout->line_ends[static_cast<std::size_t>(format)];
    for (std::size_t i = 0; i < ends.size(); ++i) {
      out.append(family.name).append("_bucket{").append(labels);
      if (!labels.empty()) out += ',';
      out += ends[i];
      const bool bounded = i < counts.buckets.size();
      metrics::append_number(out, static_cast<double>(bounded ? counts.buckets[i] : counts.count));
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
  const bool open_histogram =
      format == metrics::Format::OpenMetrics100 && family.type == metrics::Type::Histogram;
  if (has_sum || !open_histogram) line("_count", static_cast<double>(counts.count));
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

}  // namespace holdfast::supervisor::telemetry
