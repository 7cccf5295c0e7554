// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/notification_families.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::supervisor::alerts {

using metrics::declared_family;
using metrics::Family;

namespace {

metrics::HistogramValue latency_of(const NotificationMetrics& one) {
  metrics::HistogramValue value;
  for (std::size_t i = 0; i < kNotificationLatencyBounds.size(); ++i) {
    value.count += one.latency[i];
    value.buckets.push_back({kNotificationLatencyBounds[i], value.count});
  }
  value.count += one.latency.back();
  value.sum = one.latency_sum;
  return value;
}

}  // namespace

std::vector<Family> notification_families(const std::vector<NotificationMetrics>& all) {
  Family delivered = declared_family("holdfast_notifications_total");
  Family failed = declared_family("holdfast_notifications_failed_total");
  Family lost = declared_family("holdfast_notifications_lost_total");
  Family queue = declared_family("holdfast_notification_queue_length");
  Family success = declared_family("holdfast_notification_last_success_timestamp_seconds");
  Family latency = declared_family("holdfast_notification_latency_seconds");
  for (const NotificationMetrics& one : all) {
    const metrics::Labels labels{{"receiver", one.receiver}};
    const auto with_reason = [&](const std::string& reason) {
      return metrics::Labels{{"receiver", one.receiver}, {"reason", reason}};
    };
    delivered.add(labels, static_cast<double>(one.delivered));
    for (const auto& [reason, count] : one.failed)
      failed.add(with_reason(reason), static_cast<double>(count));
    lost.add(with_reason("gave_up"), static_cast<double>(one.gave_up));
    lost.add(with_reason("dropped"), static_cast<double>(one.dropped));
    queue.add(labels, static_cast<double>(one.queue_length));
    if (one.last_success > 0) success.add(labels, one.last_success);
    latency.samples.push_back({labels, latency_of(one)});
  }
  return {std::move(delivered), std::move(failed),  std::move(lost),
          std::move(queue),     std::move(success), std::move(latency)};
}

}  // namespace holdfast::supervisor::alerts
