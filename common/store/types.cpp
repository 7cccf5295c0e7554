// SPDX-License-Identifier: Apache-2.0
#include "common/store/types.hpp"

#include <algorithm>

namespace holdfast::store {

std::string_view to_string(DocumentStatus status) {
  switch (status) {
    case DocumentStatus::Pending: return "pending";
    case DocumentStatus::Ready: return "ready";
    case DocumentStatus::Failed: return "failed";
  }
  return "unknown";
}

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::Read: return "read";
    case Scope::Write: return "write";
    case Scope::Admin: return "admin";
  }
  return "unknown";
}

std::optional<DocumentStatus> document_status(std::string_view name) {
  for (const auto status :
       {DocumentStatus::Pending, DocumentStatus::Ready, DocumentStatus::Failed}) {
    if (name == to_string(status)) return status;
  }
  return std::nullopt;
}

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::Ready: return "ready";
    case JobState::Waiting: return "waiting";
    case JobState::Running: return "running";
    case JobState::Done: return "done";
    case JobState::Cancelled: return "cancelled";
    case JobState::Dead: return "dead";
  }
  return "unknown";
}

std::string_view to_string(JobAction action) {
  switch (action) {
    case JobAction::Retry: return "retry";
    case JobAction::Cancel: return "cancel";
    case JobAction::Discard: return "discard";
  }
  return "unknown";
}

std::vector<JobState> states_for(JobAction action) {
  switch (action) {
    case JobAction::Retry: return {JobState::Dead, JobState::Cancelled, JobState::Waiting};
    case JobAction::Cancel: return {JobState::Ready, JobState::Waiting, JobState::Running};
    case JobAction::Discard: return {JobState::Done, JobState::Cancelled, JobState::Dead};
  }
  return {};
}

JobFilter filter_for(JobAction action, JobFilter filter) {
  if (filter.ids.empty() && filter.states.empty()) filter.states = states_for(action);
  return filter;
}

bool Condition::admits(std::int64_t version) const {
  const auto names = [version](const std::vector<std::int64_t>& versions) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
  };
  return (!among || names(*among)) && !names(none_of);
}

}  // namespace holdfast::store
