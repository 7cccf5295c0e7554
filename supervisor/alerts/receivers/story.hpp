// SPDX-License-Identifier: Apache-2.0
#pragma once

// Story: what a notification says to people, before it takes the shape of a chat service. Plain
// text throughout: whoever formats it escapes it.
//
// Threads: pure functions.

#include "supervisor/alerts/alert.hpp"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::alerts {

struct Story {
  std::string title;     // "FIRING: HoldfastWorkerCrashed api-worker.0 (critical)"
  std::string headline;  // one line that stands alone: "[FIRING] … on host-1: signal 11 (SIGSEGV)"
  std::vector<std::string> lines;
  std::vector<std::pair<std::string, std::string>> facts;  // name and value; neither is empty
  struct Block {
    std::string title;
    std::string text;       // preformatted
    bool keep_end = false;  // where it is too long, its end says more than its beginning
  };
  std::vector<Block> blocks;  // the most telling first
  std::string runbook;        // a URL or a path; may be empty
  std::string footer;         // "holdfast 1.0.0 | host-1 | id …"
};

inline constexpr std::size_t kMostLines = 10;  // of alerts, in one message

Story tell(const Notification& notification);

bool is_link(std::string_view runbook);  // http:// or https://

}  // namespace holdfast::supervisor::alerts
