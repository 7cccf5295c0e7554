// SPDX-License-Identifier: Apache-2.0
#include "common/worker/configuration.hpp"

#include "common/config/handover.hpp"
#include "common/os/sealed_file.hpp"
#include "common/protocol/names.hpp"
#include "common/protocol/variables.hpp"

#include <algorithm>
#include <optional>

namespace holdfast::worker {

namespace {

constexpr std::size_t kLargest = 16u << 20;

}  // namespace

bool is_handed_configuration(const std::vector<notify::NamedFd>& descriptors) {
  return std::any_of(descriptors.begin(), descriptors.end(), [](const notify::NamedFd& named) {
    return named.name == protocol::kConfigurationFd;
  });
}

config::LoadResult read_configuration(std::vector<notify::NamedFd>& descriptors,
                                      const config::Environ& environ) {
  if (const Fd handed = notify::take_named(descriptors, protocol::kConfigurationFd)) {
    const auto text = read_sealed_file(handed.get(), kLargest);
    if (text) return config::load_handover(*text);
    return tl::unexpected(std::vector<config::ConfigProblem>{
        {fmt::format("descriptor '{}'", protocol::kConfigurationFd), 0, 0, text.error().message}});
  }
  return config::load(config::find_file(std::nullopt, environ), environ, Pipes::Read);
}

std::optional<log::LevelPage> take_level_page(std::vector<notify::NamedFd>& descriptors) {
  Fd fd = notify::take_named(descriptors, protocol::kLogLevelFd);
  if (!fd) return std::nullopt;
  auto page = log::LevelPage::open(std::move(fd));
  if (!page) return std::nullopt;
  return std::optional<log::LevelPage>(std::move(*page));
}

Duration stop_timeout_of(const config::Config& config, const std::string& worker_name) {
  const std::string program = worker_name.substr(0, worker_name.rfind('.'));
  for (const config::Program& candidate : config.programs) {
    if (candidate.name == program) return candidate.stop_timeout;
  }
  return config::Program{}.stop_timeout;
}

std::shared_ptr<const log::RedactPaths> redact_paths(const config::Config& config) {
  // They were checked with the rest of the configuration.
  auto paths = log::RedactPaths::compile(config.log.redact);
  if (!paths || paths->empty()) return nullptr;
  return std::make_shared<const log::RedactPaths>(std::move(*paths));
}

}  // namespace holdfast::worker
