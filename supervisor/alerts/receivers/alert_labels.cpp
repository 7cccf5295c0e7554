// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receivers/alert_labels.hpp"

#include "common/auth/digest.hpp"
#include "common/log/redact.hpp"
#include "common/text/hex.hpp"
#include "supervisor/alerts/notification_json.hpp"
#include "supervisor/alerts/receivers/story.hpp"

namespace holdfast::supervisor::alerts {

Labels labels_of(const Alert& alert, const std::string& host) {
  Labels labels{{"alertname", alert.key.name},
                {"severity", severity_name(alert.severity)},
                {"job", "holdfast"}};
  if (!host.empty()) labels["instance"] = host;
  if (!alert.program.empty()) labels["program"] = alert.program;
  if (!alert.key.target.empty()) labels["target"] = alert.key.target;
  return labels;
}

Labels annotations_of(const Alert& alert, const std::string& note) {
  Labels annotations{{"summary", log::redact_text(alert.summary)}};
  if (!alert.description.empty()) annotations["description"] = log::redact_text(alert.description);
  if (!alert.runbook.empty()) annotations["runbook_url"] = alert.runbook;
  if (!note.empty()) annotations["note"] = log::redact_text(note);
  return annotations;
}

std::string fingerprint_of(const AlertKey& key) {
  return text::to_hex(auth::sha256(key.name + '\0' + key.target)).substr(0, 16);
}

}  // namespace holdfast::supervisor::alerts
