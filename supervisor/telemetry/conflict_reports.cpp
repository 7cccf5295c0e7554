// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/conflict_reports.hpp"

#include "common/text/utf8.hpp"

namespace holdfast::supervisor::telemetry {
namespace {

constexpr std::size_t kMaxReported = 1000;
constexpr std::size_t kLongestExample = 200;

std::string message_for(const FamilyConflict& conflict) {
  const std::string subject = "metrics: " + conflict.family + " of " + conflict.program;
  switch (conflict.clash) {
    case Clash::Type:
      return subject + " is not exposed, because another program exposes it with another type";
    case Clash::Retyped:
      return subject +
             " is not exposed, because it has another type than when the program started; restart "
             "it";
    case Clash::Owned:
      return subject + " is not exposed, because the name belongs to Holdfast's own workers";
    case Clash::Prometheus:
      return subject + " is not exposed, because Prometheus itself makes series of that name";
    case Clash::Shared:
      return subject +
             " gets the label program, because a program that comes before it in the "
             "configuration exposes it, too";
    case Clash::Reserved:
    case Clash::Suffix: break;
  }
  return subject + " is not exposed, because its name collides with a sample of another family";
}

std::string_view reason_for(Drop reason) {
  switch (reason) {
    case Drop::InvalidLabel: return "their labels are invalid: names, UTF-8, length or number";
    case Drop::InvalidValue:
      return "their values are impossible: a counter that is negative or not a number, buckets "
             "that contradict each other";
    case Drop::Duplicate: return "they occur twice in one answer";
    case Drop::Limit: return "there are too many series; see max_series_per_worker and max_series";
    default: return "they are of a kind that cannot be added up, or their names need quotes";
  }
}

}  // namespace

std::vector<std::string> ConflictReports::news(const std::vector<FamilyConflict>& conflicts,
                                               const std::vector<LeftOut>& left_out) {
  std::vector<std::string> messages;
  const auto report = [&](std::string message, const std::string& example) {
    if (reported_.size() >= kMaxReported || !reported_.insert(message).second) return;
    messages.push_back(std::move(message) + example);
  };
  for (const FamilyConflict& conflict : conflicts)
    report(message_for(conflict), {});
  for (const LeftOut& sample : left_out) {
    report("metrics: some samples of " + sample.program + " are not exposed, because " +
               std::string(reason_for(sample.reason)),
           "; the first is " + std::string(text::truncate_utf8(sample.sample, kLongestExample)));
  }
  return messages;
}

}  // namespace holdfast::supervisor::telemetry
