// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/exposition.hpp"

#include "common/metrics/text.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

namespace holdfast::metrics {
namespace {

bool valid_labels(const Labels& sorted, std::string_view taken) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::string& name = sorted[i].name;
    if (!valid_label_name(name) || name == taken) return false;
    if (i > 0 && sorted[i - 1].name == name) return false;
  }
  return true;
}

// Appends `a="1",b="2"`, sorted by name; an empty value is the same as no label. False, and nothing
// appended, if the labels are invalid or include `taken`, the label that the format itself adds.
bool append_labels(std::string& out, const Labels& labels, std::string_view taken) {
  if (!std::is_sorted(labels.begin(), labels.end())) {
    Labels sorted = labels;
    std::sort(sorted.begin(), sorted.end());
    return append_labels(out, sorted, taken);
  }
  if (!valid_labels(labels, taken)) return false;
  const std::size_t begin = out.size();
  for (const Label& label : labels) {
    if (label.value.empty()) continue;
    if (out.size() > begin) out += ',';
    out += label.name;
    out += "=\"";
    append_label_value(out, label.value);
    out += '"';
  }
  return true;
}

// The samples of a family in the order of their labels; the first of those with equal labels. All
// label texts share one string: a string each would cost more than the sorting.
class SortedSamples {
 public:
  SortedSamples(const std::vector<FamilySample>& samples, std::string_view taken) {
    entries_.reserve(samples.size());
    for (const FamilySample& sample : samples) {
      const std::size_t begin = texts_.size();
      if (append_labels(texts_, sample.labels, taken)) {
        entries_.push_back({begin, texts_.size() - begin, &sample});
      }
    }
    std::stable_sort(entries_.begin(), entries_.end(),
                     [this](const Entry& a, const Entry& b) { return labels(a) < labels(b); });
    const auto end =
        std::unique(entries_.begin(), entries_.end(),
                    [this](const Entry& a, const Entry& b) { return labels(a) == labels(b); });
    entries_.erase(end, entries_.end());
  }

  struct Entry {
    std::size_t begin = 0;
    std::size_t size = 0;
    const FamilySample* sample = nullptr;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view labels(const Entry& entry) const {
    return std::string_view(texts_).substr(entry.begin, entry.size);
  }

 private:
  std::string texts_;
  std::vector<Entry> entries_;
};

void append_line(std::string& out, std::string_view name, std::string_view suffix,
                 std::string_view labels, double value) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_bounded(std::string& out, std::string_view name, std::string_view labels,
                    std::string_view bound_label, double bound, Format format) {
  out.append(name).append("{").append(labels);
  if (!labels.empty()) out += ',';
  out.append(bound_label).append("=\"");
  append_bound(out, bound, format);
  out += "\"} ";
}

bool well_formed(const HistogramValue& histogram) {
  const Bucket* before = nullptr;
  for (const Bucket& bucket : histogram.buckets) {
    if (!std::isfinite(bucket.upper_bound) || bucket.cumulative_count > histogram.count) {
      return false;
    }
    if (before != nullptr && (before->upper_bound >= bucket.upper_bound ||
                              before->cumulative_count > bucket.cumulative_count)) {
      return false;
    }
    before = &bucket;
  }
  return true;
}

void append_histogram(std::string& out, const std::string& name, std::string_view labels,
                      const HistogramValue& histogram, Format format) {
  const std::string bucket_name = name + "_bucket";
  for (const Bucket& bucket : histogram.buckets) {
    append_bounded(out, bucket_name, labels, "le", bucket.upper_bound, format);
    append_number(out, static_cast<double>(bucket.cumulative_count));
    out += '\n';
  }
  append_bounded(out, bucket_name, labels, "le", INFINITY, format);
  append_number(out, static_cast<double>(histogram.count));
  out += '\n';
  const double lowest = histogram.buckets.empty() ? 0 : histogram.buckets.front().upper_bound;
  if (!has_sum(format, lowest, histogram.sum)) return;
  append_line(out, name, "_sum", labels, histogram.sum);
  append_line(out, name, "_count", labels, static_cast<double>(histogram.count));
}

void append_summary(std::string& out, const std::string& name, std::string_view labels,
                    const SummaryValue& summary, Format format) {
  std::map<double, double> quantiles;
  for (const Quantile& quantile : summary.quantiles) {
    const bool share = quantile.quantile >= 0 && quantile.quantile <= 1;
    const bool negative = format == Format::OpenMetrics100 && quantile.value < 0;  // not there
    if (share && !negative) quantiles.emplace(quantile.quantile, quantile.value);
  }
  for (const auto& [quantile, value] : quantiles) {
    append_bounded(out, name, labels, "quantile", quantile, format);
    append_number(out, value);
    out += '\n';
  }
  if (has_sum(format, 0, summary.sum)) append_line(out, name, "_sum", labels, summary.sum);
  append_line(out, name, "_count", labels, static_cast<double>(summary.count));
}

// Cuts `text` at the first `separator` outside quotes and returns what stood before it.
std::string_view next_part(std::string_view& text, char separator) {
  bool quoted = false;
  const auto found = std::find_if(text.begin(), text.end(), [&](char c) {
    quoted = quoted != (c == '"');
    return c == separator && !quoted;
  });
  const std::size_t at = found == text.end()
                             ? std::string_view::npos
                             : static_cast<std::size_t>(std::distance(text.begin(), found));
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return text::trim(head);
}

struct Range {
  std::string media;  // in lower case
  std::string_view version;
  double q = 1.0;
};

Range parse_range(std::string_view text) {
  Range range;
  range.media = text::to_lower(next_part(text, ';'));
  while (!text.empty()) {
    std::string_view parameter = next_part(text, ';');
    const std::string_view key = next_part(parameter, '=');
    const std::string_view value = text::trim(parameter);
    if (text::equals_ignoring_case(key, "version")) range.version = text::trim(value, "\"");
    if (text::equals_ignoring_case(key, "q"))
      range.q = text::parse_number<double>(value).value_or(0);
  }
  return range;
}

}  // namespace

std::string_view content_type(Format format) {
  return format == Format::Text004 ? "text/plain; version=0.0.4; charset=utf-8"
                                   : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

Format negotiate(std::string_view accept) {
  double text = 0;
  double open_metrics = 0;
  while (!accept.empty()) {
    const Range range = parse_range(next_part(accept, ','));
    const bool named = range.media == "application/openmetrics-text";
    if (named && (range.version.empty() || range.version == "1.0.0")) {
      open_metrics = std::max(open_metrics, range.q);
    }
    const bool plain = range.media == "text/plain" || range.media == "text/*";
    if ((plain && (range.version.empty() || range.version == "0.0.4")) || range.media == "*/*") {
      text = std::max(text, range.q);
    }
  }
  // OpenMetrics only for a client that names it and prefers it.
  return open_metrics > 0 && open_metrics >= text ? Format::OpenMetrics100 : Format::Text004;
}

void write_samples(const Family& family, Format format, std::string& out) {
  const bool histogram = family.type == Type::Histogram;
  const bool summary = family.type == Type::Summary;
  const std::string_view taken = histogram ? "le" : summary ? "quantile" : "";
  const SortedSamples sorted(family.samples, taken);
  for (const SortedSamples::Entry& entry : sorted.entries()) {
    const std::string_view labels = sorted.labels(entry);
    const FamilySample* const sample = entry.sample;
    if (const auto* value = std::get_if<double>(&sample->value)) {
      const bool valid = family.type != Type::Counter || *value >= 0;
      if (!histogram && !summary && valid) append_line(out, family.name, "", labels, *value);
    } else if (const auto* buckets = std::get_if<HistogramValue>(&sample->value)) {
      if (histogram && well_formed(*buckets)) {
        append_histogram(out, family.name, labels, *buckets, format);
      }
    } else if (summary) {
      append_summary(out, family.name, labels, std::get<SummaryValue>(sample->value), format);
    }
  }
}

std::vector<Family> merge_families(std::vector<Family> families) {
  std::map<std::string, Family> merged;
  std::set<std::string> taken;
  for (Family& family : families) {
    if (!valid_metric_name(family.name)) continue;
    if (const auto at = merged.find(family.name); at != merged.end()) {
      if (at->second.type != family.type) continue;
      auto& samples = at->second.samples;
      std::move(family.samples.begin(), family.samples.end(), std::back_inserter(samples));
      continue;
    }
    std::vector<std::string> names = sample_names(family.name, family.type);
    const auto clashes = [&](const std::string& name) { return taken.contains(name); };
    if (std::any_of(names.begin(), names.end(), clashes)) continue;
    taken.insert(names.begin(), names.end());
    std::string key = family.name;
    merged.emplace(std::move(key), std::move(family));
  }
  std::vector<Family> out;
  out.reserve(merged.size());
  for (auto& [name, family] : merged)
    out.push_back(std::move(family));
  return out;
}

std::set<std::string> sample_names(const std::vector<Family>& families) {
  std::set<std::string> all;
  for (const Family& family : families) {
    const std::vector<std::string> names = sample_names(family.name, family.type);
    all.insert(names.begin(), names.end());
  }
  return all;
}

void write_text(std::vector<Family> families, Format format, std::string& out) {
  const std::vector<Family> merged = merge_families(std::move(families));
  const std::set<std::string> taken = sample_names(merged);
  for (const Family& family : merged) {
    const Heading heading =
        heading_of(family.name, family.type, format,
                   [&](const std::string& name) { return taken.contains(name); });
    append_header(out, heading.name, family.help, heading.type, format);
    write_samples(family, format, out);
  }
  out += kEndMarker;
}

}  // namespace holdfast::metrics
