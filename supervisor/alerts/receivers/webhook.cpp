// SPDX-License-Identifier: Apache-2.0
// Any HTTP server that takes Alertmanager's webhook. The signature covers the time, so that a
// request that somebody has recorded is worth nothing later.
#include "common/auth/digest.hpp"
#include "common/text/hex.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"
#include "supervisor/alerts/receivers/webhook_body.hpp"

namespace holdfast::supervisor::alerts {

namespace {

Request render_webhook(const Target& target, const Notification& notification, bool minimal,
                       WallTime now) {
  HttpRequest request{target.url, {}, webhook_body(notification, minimal)};
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Idempotency-Key", notification.id);
  if (!target.secret.empty()) {
    const std::string timestamp = std::to_string(to_unix_ms(now) / 1000);
    const std::string digest = auth::hmac_sha256(target.secret, timestamp + "." + request.body);
    request.headers.set("X-Holdfast-Timestamp", timestamp);
    request.headers.set("X-Holdfast-Signature", "sha256=" + text::to_hex(digest));
  }
  return request;
}

}  // namespace

const ReceiverKind kWebhook{"webhook", false, render_webhook, judge_http};

}  // namespace holdfast::supervisor::alerts
