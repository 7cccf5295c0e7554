// SPDX-License-Identifier: Apache-2.0
#include "common/config/store_text.hpp"

#include "common/net/postgres_url.hpp"
#include "common/os/file.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace holdfast::config {

bool is_own_worker(const Program& program) {
  if (program.command.empty()) return false;
  const std::string name = std::filesystem::path(program.command.front()).filename();
  return name == "holdfast-api-worker" || name == "holdfast-queue-worker";
}

std::string store_text(const Config& config) {
  if (std::none_of(config.programs.begin(), config.programs.end(), is_own_worker)) return {};
  return configured_store(config);
}

std::string configured_store(const Config& config) {
  constexpr std::string_view kFile = "sqlite://";
  const std::string& url = config.store.url;
  if (url.empty()) {
    const auto file = absolute_path(config.supervisor.state_dir) / "holdfast.db";
    return "sqlite " + file.native();
  }
  if (url.starts_with(kFile)) return "sqlite " + url.substr(kFile.size());
  return net::describe_postgres_url(url);
}

}  // namespace holdfast::config
