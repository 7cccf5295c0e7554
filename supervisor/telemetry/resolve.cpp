// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/resolve.hpp"

namespace holdfast::supervisor::telemetry {
namespace {

using metrics::Type;

bool cut(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix) || name.size() == suffix.size()) return false;
  name.remove_suffix(suffix.size());
  return true;
}

Type distribution(ParsedType type) {
  return type == ParsedType::Histogram ? Type::Histogram : Type::Summary;
}

// Some clients declare a time of creation as a gauge of its own. What a program counts or measures
// as created it declares as something else; beside a histogram or summary there is no room for it,
// for the name is one of theirs.
bool is_data(const ParsedFamily* family) {
  return family != nullptr && family->typed && family->type != ParsedType::Gauge &&
         family->type != ParsedType::Unknown;
}

}  // namespace

Resolver::Resolver(const Exposition& exposition) {
  for (const ParsedFamily& family : exposition.families) {
    declared_.emplace(family.name, &family);
  }
}

Resolved Resolver::resolve(std::string_view name) {
  if (name == last_name_) return last_;
  const auto [entry, added] = resolved_.try_emplace(name);
  if (added) entry->second = look_up(name);
  last_name_ = name;
  last_ = entry->second;
  return last_;
}

const ParsedFamily* Resolver::declared(std::string_view name) const {
  const auto found = declared_.find(name);
  return found == declared_.end() ? nullptr : found->second;
}

Resolved Resolver::look_up(std::string_view name) {
  std::string_view base = name;
  if (cut(base, "_created")) {
    const ParsedFamily* owner = declared(base);
    if (owner == nullptr) owner = declared(std::string(base) + "_total");
    const bool of_counter = owner != nullptr && owner->type == ParsedType::Counter;
    const bool of_distribution = owner != nullptr && (owner->type == ParsedType::Histogram ||
                                                      owner->type == ParsedType::Summary);
    if (of_distribution || (of_counter && !is_data(declared(name)))) return {0, Role::Created};
  }
  if (const ParsedFamily* family = declared(name); family != nullptr && family->typed) {
    return exact(name, *family);
  }
  const auto of = [&](std::string_view suffix) {
    base = name;
    return cut(base, suffix) ? declared(base) : nullptr;
  };
  if (const auto* family = of("_bucket")) {
    if (family->type == ParsedType::Histogram) {
      return {local(base, family->help, Type::Histogram), Role::Bucket};
    }
    if (family->type == ParsedType::GaugeHistogram) return {0, Role::Unsupported};
  }
  for (const auto& [suffix, role] :
       {std::pair("_sum", Role::Sum), std::pair("_count", Role::Count)}) {
    const auto* family = of(suffix);
    if (family == nullptr) continue;
    if (family->type == ParsedType::Histogram || family->type == ParsedType::Summary) {
      return {local(base, family->help, distribution(family->type)), role};
    }
  }
  for (const char* suffix : {"_gsum", "_gcount"}) {
    const auto* family = of(suffix);
    if (family != nullptr && family->type == ParsedType::GaugeHistogram) {
      return {0, Role::Unsupported};
    }
  }
  if (const auto* family = of("_total"); family && family->type == ParsedType::Counter) {
    return {local(name, family->help, Type::Counter), Role::Scalar};
  }
  if (const auto* family = of("_info"); family && family->type == ParsedType::Info) {
    return {local(name, family->help, Type::Gauge), Role::Scalar};
  }
  const ParsedFamily* untyped = declared(name);
  return {local(name, untyped == nullptr ? "" : untyped->help, Type::Untyped), Role::Scalar};
}

Resolved Resolver::exact(std::string_view name, const ParsedFamily& declared) {
  switch (declared.type) {
    case ParsedType::Counter: return {local(name, declared.help, Type::Counter), Role::Scalar};
    case ParsedType::Gauge:
      return {local(name, declared.help, Type::Gauge, kind_of_gauge(name)), Role::Scalar};
    case ParsedType::StateSet:
      return {local(name, declared.help, Type::Gauge, GaugeRules::Kind::StateSet), Role::Scalar};
    case ParsedType::Unknown: return {local(name, declared.help, Type::Untyped), Role::Scalar};
    case ParsedType::Summary: return {0, Role::Quantile};
    case ParsedType::Histogram:
    case ParsedType::Info:
    case ParsedType::GaugeHistogram: break;
  }
  return {0, Role::Unsupported};
}

GaugeRules::Kind Resolver::kind_of_gauge(std::string_view name) const {
  const std::size_t end = name.rfind('_');
  const auto* base = end == std::string_view::npos ? nullptr : declared(name.substr(0, end));
  const bool of_distribution =
      base != nullptr && (base->type == ParsedType::Histogram || base->type == ParsedType::Summary);
  return of_distribution ? GaugeRules::Kind::OfDistribution : GaugeRules::Kind::Plain;
}

std::uint32_t Resolver::local(std::string_view name, std::string_view help, Type type,
                              GaugeRules::Kind kind) {
  const auto [entry, added] =
      by_name_.emplace(std::string(name), static_cast<std::uint32_t>(families_.size()));
  if (added) families_.push_back({std::string(name), help, type, kind});
  return entry->second;
}

}  // namespace holdfast::supervisor::telemetry
