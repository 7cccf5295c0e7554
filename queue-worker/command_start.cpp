// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/command_start.hpp"

#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/file.hpp"
#include "common/worker/running_stack.hpp"

#include <unistd.h>

namespace holdfast::queue {

tl::expected<Started, int> take_start(const config::Environ& environ) {
  auto descriptors = notify::take_listen_fds(environ, ::getpid());
  if (!descriptors) {
    command_line::complain(descriptors.error().message);
    return tl::unexpected(exit_code::kSoftware);
  }
  const bool typed = !worker::is_handed_configuration(*descriptors);
  auto loaded = worker::read_configuration(*descriptors, environ);
  if (!loaded) {
    command_line::complain(config::format(loaded.error()));
    return tl::unexpected(exit_code::kConfig);
  }
  if (typed) {
    const auto runtime_dir =
        absolute_path(config::find_runtime_dir(config::find_file(std::nullopt, environ), environ));
    const auto same = worker::check_running_stack(loaded->config, runtime_dir, environ);
    if (!same) {
      command_line::complain("holdfast-queue-worker: " + same.error().message);
      return tl::unexpected(exit_code::kConfig);
    }
    if (!same->empty()) command_line::complain("holdfast-queue-worker: " + *same);
  }
  return Started{std::move(*loaded), worker::take_level_page(*descriptors)};
}

}  // namespace holdfast::queue
