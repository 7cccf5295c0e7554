// SPDX-License-Identifier: Apache-2.0
#pragma once

// The catalogue: every metric that Holdfast exposes, declared once. Instruments are made from it
// (instruments.hpp), the ledger takes its gauge rules and reserved names from it, and dashboards,
// alert rules and documentation are checked against it. The tables of workers and supervisor are in
// files of their own, catalogue_worker.cpp and catalogue_supervisor.cpp: they are read and changed
// apart.
//
// Threads: any; the tables are constants.

#include "common/metrics/model.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace holdfast::metrics {

// How the values that several live workers report for one gauge become one value.
enum class GaugeRule {
  Sum,  // of the live workers: things that add up (requests in flight, bytes)
  Max,  // one shared value that some workers see later than others (queue sizes, timestamps)
  Min,
  Average,  // ratios
  First,    // the same everywhere (the 1 of an _info metric)
  All,      // one series per worker, told apart by the label `worker`
};

// Who may expose a name. A Supervisor name in a worker's response is dropped.
enum class Owner { Worker, Supervisor };

using LabelNames = std::array<std::string_view, 4>;  // unused places are empty

struct Declaration {
  std::string_view name;
  Type type = Type::Counter;
  std::string_view help;
  LabelNames label_names = {};
  GaugeRule rule = GaugeRule::Sum;       // for gauges
  std::span<const double> buckets = {};  // for histograms: finite, ascending
  Owner owner = Owner::Worker;

  std::span<const std::string_view> labels() const {
    const auto end = std::find(label_names.begin(), label_names.end(), std::string_view{});
    return {label_names.data(), static_cast<std::size_t>(end - label_names.begin())};
  }
};

std::span<const Declaration> worker_catalogue();
std::span<const Declaration> supervisor_catalogue();

const Declaration* find_declaration(std::string_view name);  // nullptr if it is not declared

// For code that names a metric in its source: throws std::logic_error if it is not declared.
const Declaration& declaration(std::string_view name);

// An empty family with the declared help and type; throws as declaration() does.
Family declared_family(std::string_view name);

// Names that only the supervisor may expose: "holdfast_*" and the others that it declares.
bool is_reserved(std::string_view name);

}  // namespace holdfast::metrics
