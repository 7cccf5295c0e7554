// SPDX-License-Identifier: Apache-2.0
// The registry of kinds of receivers.
#include "supervisor/alerts/receivers/kind.hpp"

#include <array>

namespace holdfast::supervisor::alerts {

std::span<const ReceiverKind* const> receiver_kinds() {
  static constexpr std::array<const ReceiverKind*, 5> kKinds{
      &kSlack, &kDiscord, &kWebhook, &kAlertmanager, &kCommand,
  };
  return kKinds;
}

const ReceiverKind* find_receiver_kind(std::string_view type) {
  for (const ReceiverKind* kind : receiver_kinds()) {
    if (type == kind->type) return kind;
  }
  return nullptr;
}

}  // namespace holdfast::supervisor::alerts
