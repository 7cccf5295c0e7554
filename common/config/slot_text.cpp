// SPDX-License-Identifier: Apache-2.0
#include "common/config/slot_text.hpp"

#include "common/net/url.hpp"
#include "common/protocol/names.hpp"

#include <array>

namespace holdfast::config {

namespace {

constexpr std::array<std::string_view, 3> kPlaceholders{"{slot}", "{name}", "{port}"};

// Where the placeholder next stands by itself, or npos.
std::size_t find_placeholder(std::string_view text, std::string_view placeholder,
                             std::size_t from) {
  for (auto at = text.find(placeholder, from); at != std::string_view::npos;
       at = text.find(placeholder, at + 1)) {
    if (at == 0 || (text[at - 1] != '$' && text[at - 1] != '{')) return at;
  }
  return std::string_view::npos;
}

// A URL whose port was a placeholder could not be completed when the file was read.
std::string expand_url(const std::string& text, const SlotNames& names, const char* default_path) {
  if (!contains_slot_names(text)) return text;
  std::string expanded = expand_slot_names(text, names);
  const auto url = net::parse_literal_url(expanded, default_path);
  return url ? url->to_string() : expanded;
}

void expand_probe(Probe& probe, const SlotNames& names) {
  if (probe.kind == Probe::Kind::Http) probe.address = expand_url(probe.address, names, "/");
  if (probe.kind == Probe::Kind::Tcp) probe.address = expand_slot_names(probe.address, names);
  for (std::string& argument : probe.command)
    argument = expand_slot_names(argument, names);
}

}  // namespace

bool contains_slot_name(std::string_view text, std::string_view placeholder) {
  return find_placeholder(text, placeholder, 0) != std::string_view::npos;
}

bool contains_slot_names(std::string_view text) {
  for (const std::string_view placeholder : kPlaceholders) {
    if (contains_slot_name(text, placeholder)) return true;
  }
  return false;
}

std::string expand_slot_names(std::string_view text, const SlotNames& names) {
  const std::array<std::string, kPlaceholders.size()> values{std::to_string(names.slot), names.name,
                                                             std::to_string(names.port)};
  std::string out;
  std::size_t done = 0;
  for (;;) {
    std::size_t next = std::string_view::npos;
    std::size_t which = 0;
    for (std::size_t i = 0; i < kPlaceholders.size(); ++i) {
      const std::size_t at = find_placeholder(text, kPlaceholders[i], done);
      if (at < next) {
        next = at;
        which = i;
      }
    }
    if (next == std::string_view::npos) return out.append(text.substr(done));
    out.append(text.substr(done, next - done)).append(values[which]);
    done = next + kPlaceholders[which].size();
  }
}

Program for_slot(Program program, std::uint32_t slot) {
  const SlotNames names{fmt::format("{}.{}", program.name, slot), slot, program.port + slot};
  for (std::string& argument : program.command)
    argument = expand_slot_names(argument, names);
  for (auto& [name, value] : program.environment)
    value = expand_slot_names(value, names);
  expand_probe(program.ready_probe, names);
  expand_probe(program.health, names);
  program.log_file = expand_slot_names(program.log_file.native(), names);
  program.metrics = expand_url(program.metrics, names, protocol::kMetricsPath);
  return program;
}

}  // namespace holdfast::config
