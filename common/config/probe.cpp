// SPDX-License-Identifier: Apache-2.0
#include "common/config/probe.hpp"

#include "common/config/slot_text.hpp"
#include "common/net/url.hpp"
#include "common/text/number.hpp"

#include <fmt/ranges.h>

#include <optional>

namespace holdfast::config {

namespace {

constexpr std::string_view kTcp = "tcp:";

struct StatusRange {
  int first = 0;
  int last = 0;
};

std::optional<int> read_status(std::string_view text) {
  const auto status = text::parse_number<int>(text);
  if (text.size() != 3 || !status || *status < 100 || *status > 599) return {};
  return status;
}

std::optional<StatusRange> read_statuses(std::string_view text) {
  if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '1' && text[0] <= '5') {
    const int hundred = (text[0] - '0') * 100;
    return StatusRange{hundred, hundred + 99};
  }
  const std::size_t dash = text.find('-');
  const auto first = read_status(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : read_status(text.substr(dash + 1));
  if (!first || !last || *last < *first) return {};
  return StatusRange{*first, *last};
}

// What {slot}, {name} and {port} could become, so that the rest can be checked.
std::string sample_of(std::string_view text) {
  return expand_slot_names(text, {"worker.0", 0, 1});
}

Result<Probe> parse_tcp(std::string_view text) {
  if (text.starts_with("//")) text.remove_prefix(2);
  const std::string sample = sample_of(text);
  const auto url = net::parse_literal_url("http://" + sample, "/");
  const std::size_t colon = sample.rfind(':');
  const bool has_port = colon != std::string::npos && sample.find(']', colon) == std::string::npos;
  if (!url || !has_port || url->target != "/" || sample.find('/') != std::string::npos) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'tcp:{}' is not an address to connect to: write "
                            "\"tcp:127.0.0.1:5432\"",
                            text));
  }
  Probe probe;
  probe.kind = Probe::Kind::Tcp;
  probe.address = text;
  return probe;
}

}  // namespace

Result<Probe> parse_probe_address(std::string_view text) {
  if (text.starts_with(kTcp)) return parse_tcp(text.substr(kTcp.size()));
  const std::string sample = sample_of(text);
  HOLDFAST_TRY_ASSIGN(const net::Url url, net::parse_literal_url(sample, "/"));
  Probe probe;
  probe.kind = Probe::Kind::Http;
  // As it stands if it differs from slot to slot: for_slot() completes that.
  probe.address = sample == text ? url.to_string() : std::string(text);
  return probe;
}

std::string to_string(const Probe& probe) {
  switch (probe.kind) {
    case Probe::Kind::None: break;
    case Probe::Kind::Http: return probe.address;
    case Probe::Kind::Tcp: return fmt::format("{}{}", kTcp, probe.address);
    case Probe::Kind::Command: return fmt::format("{}", fmt::join(probe.command, " "));
  }
  return {};
}

Result<std::string> check_status(const std::string& text) {
  if (read_statuses(text)) return text;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not an HTTP status: write 204, \"2xx\" or \"200-399\"", text));
}

bool expects_status(const Probe& probe, int status) {
  if (probe.statuses.empty()) return status >= 200 && status < 300;
  for (const std::string& text : probe.statuses) {
    const auto range = read_statuses(text);
    if (range && status >= range->first && status <= range->last) return true;
  }
  return false;
}

}  // namespace holdfast::config
