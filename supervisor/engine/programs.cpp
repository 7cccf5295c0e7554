// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/programs.hpp"

#include "common/os/file.hpp"
#include "supervisor/process/resolve.hpp"
#include "supervisor/process/user.hpp"

namespace holdfast::supervisor {

namespace {

std::string search_path(const config::Program& program, const Environ& environ) {
  if (const auto it = program.environment.find("PATH"); it != program.environment.end()) {
    return it->second;
  }
  const auto it = environ.find("PATH");
  return it == environ.end() ? "/usr/local/bin:/usr/bin:/bin" : it->second;
}

// What a login as this user would set. The supervisor's own values would lead to its own files.
Environ account_of(const process::User& user, const config::Program& program) {
  if (program.user.empty()) return {};
  return {
      {"HOME", user.home.empty() ? "/" : user.home}, {"USER", user.name}, {"LOGNAME", user.name}};
}

bool is_own_worker(const std::filesystem::path& executable) {
  return executable.parent_path() == process::own_directory() &&
         (executable.filename() == "holdfast-api-worker" ||
          executable.filename() == "holdfast-queue-worker");
}

}  // namespace

Result<PreparedProgram> prepare_program(const config::Program& program, const Environ& environ) {
  PreparedProgram result;
  result.program = program;
  auto executable = process::resolve_executable(program.command.front(), process::own_directory(),
                                                search_path(program, environ));
  if (!executable) return fail(executable.error().with_context("command"));
  result.executable = *executable;
  result.own = is_own_worker(*executable);

  if (!program.user.empty() || !program.group.empty()) {
    auto user = process::look_up_user(program.user, program.group);
    if (!user) return fail(user.error().with_context("user"));
    result.identity = user->identity;
    result.account = account_of(*user, program);
  }
  for (const auto& [name, value] : program.rlimits) {
    auto resource = process::rlimit_by_name(name);
    if (!resource) return fail(resource.error().with_context("rlimits"));
    result.limits.push_back({*resource, value});
  }
  if (!program.env_file.empty()) {
    auto text = read_file(program.env_file, 1u << 20);
    if (!text) return fail(text.error().with_context("env_file"));
    auto values = parse_env_file(*text, program.env_file.native());
    if (!values) return fail(values.error().with_context("env_file"));
    result.env_file = std::move(*values);
  }
  if (!program.directory.empty() && !std::filesystem::is_directory(program.directory)) {
    return fail(ErrorKind::NotFound,
                fmt::format("directory: '{}' is not a directory", program.directory.native()));
  }
  return result;
}

PreparedPrograms prepare_programs(const std::vector<config::Program>& programs,
                                  const Environ& environ) {
  PreparedPrograms result;
  for (const config::Program& program : programs) {
    auto prepared = prepare_program(program, environ);
    if (prepared) {
      result.programs.emplace(program.name, std::move(*prepared));
    } else {
      result.problems.push_back(
          fmt::format("[program.{}] {}", program.name, prepared.error().message));
    }
  }
  return result;
}

}  // namespace holdfast::supervisor
