// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/program_json.hpp"

#include <algorithm>

namespace holdfast::supervisor::status {

using nlohmann::ordered_json;

ordered_json program_json(const core::ProgramView& program) {
  ordered_json out;
  out["name"] = program.config->name;
  out["type"] = program.config->type == config::ProgramType::Oneshot ? "oneshot" : "service";
  out["required"] = program.config->required;
  out["satisfied"] = program.satisfied;
  out["wanted"] = program.wanted;
  out["ready"] = program.ready;
  out["min_ready"] = program.config->min_ready;
  if (program.rolling) out["rolling"] = true;
  if (program.dormant) out["dormant"] = true;
  return out;
}

ordered_json store_json(const std::string& store) {
  const std::size_t blank = std::min(store.find(' '), store.size());
  return {{"engine", store.substr(0, blank)},
          {"database", store.substr(std::min(blank + 1, store.size()))}};
}

std::string text_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace holdfast::supervisor::status
