// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/command_start.hpp"

#include "common/os/exit_codes.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace holdfast::queue {

tl::expected<Started, int> take_start(const config::Environ& environ) {
  auto descriptors = notify::take_listen_fds(environ, ::getpid());
  if (!descriptors) {
    fmt::print(stderr, "{}\n", descriptors.error().message);
    return tl::unexpected(exit_code::kSoftware);
  }
  auto loaded = worker::read_configuration(*descriptors, environ);
  if (loaded) return Started{std::move(*loaded), worker::take_level_page(*descriptors)};
  fmt::print(stderr, "{}\n", config::format(loaded.error()));
  return tl::unexpected(exit_code::kConfig);
}

}  // namespace holdfast::queue
