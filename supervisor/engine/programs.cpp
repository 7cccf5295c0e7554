// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/programs.hpp"

#include "common/config/handover.hpp"
#include "common/config/slot_text.hpp"
#include "common/os/file.hpp"
#include "common/os/sealed_file.hpp"
#include "common/protocol/names.hpp"
#include "supervisor/engine/env_file.hpp"
#include "supervisor/process/hung_path.hpp"
#include "supervisor/process/read_as.hpp"
#include "supervisor/process/rehearsal.hpp"
#include "supervisor/process/resolve.hpp"
#include "supervisor/process/user.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace holdfast::supervisor {

namespace {

using process::RehearsalFailure;
using process::RehearsalStep;

// A program with everything that could be found, and every problem with the rest.
struct LookUp {
  PreparedProgram found;
  std::vector<Error> problems;

  // The value, or nothing and a problem with this key.
  template <class T>
  std::optional<T> keep(Result<T> result, const char* key) {
    if (result) return std::move(*result);
    problems.push_back(std::move(result.error()).with_context(key));
    return {};
  }
};

// As the program sees it: `environment`, env_file, the supervisor's.
std::string search_path(const config::Program& program, const Environ& environ) {
  for (const auto* layer : {&program.environment, &program.env_file_values, &environ}) {
    if (const auto it = layer->find("PATH"); it != layer->end()) return it->second;
  }
  return "/usr/local/bin:/usr/bin:/bin";
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

LookUp look_up(const config::Program& program, const Environ& environ) {
  LookUp result;
  PreparedProgram& found = result.found;
  found.program = program;
  auto executable = process::resolve_executable(program.command.front(), process::own_directory(),
                                                search_path(program, environ));
  found.executable = result.keep(std::move(executable), "command").value_or("");
  found.own = is_own_worker(found.executable);
  const auto look_up_probe = [&](const config::Probe& probe, const char* key) {
    if (probe.kind != config::Probe::Kind::Command) return;
    const std::string& name = probe.command.front();
    auto path =
        process::resolve_executable(name, process::own_directory(), search_path(program, environ));
    if (auto kept = result.keep(std::move(path), key))
      found.probe_executables[name] = std::move(*kept);
  };
  look_up_probe(program.ready_probe, "ready");
  look_up_probe(program.health, "health");
  if (!program.user.empty() || !program.group.empty()) {
    const char* const key = program.user.empty() ? "group" : "user";
    if (const auto user = result.keep(process::look_up_user(program.user, program.group), key)) {
      found.identity = user->identity;
      found.account = account_of(*user, program);
    }
  }
  for (const auto& [name, value] : program.rlimits) {
    if (const auto resource = result.keep(process::rlimit_by_name(name), "rlimits")) {
      found.limits.push_back({*resource, value.soft, value.hard});
    }
  }
  return result;
}

// What the program's user may read, or else what root alone may, for programs that it starts. In
// the second case nobody else chooses which file that is.
Result<std::string> text_of_env_file(const config::Program& program,
                                     const std::optional<process::Identity>& identity) {
  constexpr std::size_t kLargest = 1u << 20;
  const std::filesystem::path& file = program.env_file;
  const bool unknown = !identity && !program.user.empty();
  if (!unknown && (!identity || identity->uid == ::geteuid())) return read_file(file, kLargest);
  if (!unknown) {
    auto text = process::read_file_as(*identity, file, kLargest);
    if (text || text.error().kind != ErrorKind::PermissionDenied) return text;
  }
  auto text = read_file_by_own_links(file, kLargest);
  if (text) return text;
  return fail(
      std::move(text.error()).with_context(fmt::format("user '{}' may not read it", program.user)));
}

// `outer` of the env_file's variables: what the program would have without it.
Result<Environ> read_env_file(const config::Program& program, const Environ& environ,
                              const PreparedProgram& found) {
  HOLDFAST_TRY_ASSIGN(const std::string text, text_of_env_file(program, found.identity));
  Environ outer = found.account;
  outer.insert(environ.begin(), environ.end());
  return parse_env_file(text, program.env_file.native(), outer);
}

std::string as_whom(const config::Program& program) {
  if (!program.user.empty()) return fmt::format(" by user '{}'", program.user);
  return program.group.empty() ? "" : fmt::format(" with group '{}'", program.group);
}

std::string describe(const RehearsalFailure& failure, const LookUp& look_up) {
  const PreparedProgram& found = look_up.found;
  const config::Program& program = found.program;
  const char* const why = std::strerror(failure.os_error);
  switch (failure.step) {
    case RehearsalStep::Limit: {
      const process::ResourceLimit& limit = found.limits[failure.limit];
      rlimit now{};
      ::getrlimit(static_cast<__rlimit_resource>(limit.resource), &now);
      for (const auto& [name, value] : program.rlimits) {
        if (process::rlimit_by_name(name).value_or(-1) != limit.resource) continue;
        return fmt::format(
            "rlimits: {} = {} is above the hard limit of {}, which this supervisor "
            "may not raise: {}",
            name, value.hard == RLIM_INFINITY ? "unlimited" : std::to_string(value.hard),
            now.rlim_max, why);
      }
      return fmt::format("rlimits: {}", why);
    }
    case RehearsalStep::Nice:
      return fmt::format("nice: {} cannot be set: {}", program.nice.value_or(0), why);
    case RehearsalStep::OomScore:
      return fmt::format("oom_score_adj: {} cannot be set: {}", program.oom_score_adj.value_or(0),
                         why);
    case RehearsalStep::Groups:
    case RehearsalStep::Group:
    case RehearsalStep::User:
      return fmt::format(
          "{}: cannot change to '{}': {}; start the supervisor as root, or remove it",
          program.user.empty() ? "group" : "user",
          program.user.empty() ? program.group : program.user, why);
    case RehearsalStep::Directory:
      return fmt::format("directory: '{}' cannot be entered{}: {}", program.directory.native(),
                         as_whom(program), why);
    case RehearsalStep::Executable:
      return fmt::format("command: '{}' cannot be executed{}: {}", found.executable,
                         as_whom(program), why);
    case RehearsalStep::Interpreter:
      return fmt::format(
          "command: the interpreter in the first line of '{}' cannot be executed{}: {}",
          found.executable, as_whom(program), why);
  }
  return why;
}

// Why the lines of a worker could not be written to this file; empty: they could.
std::string log_file_problem(const std::filesystem::path& file) {
  const std::string directory = file.parent_path().native();
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) {
    return fmt::format("log_file: the directory '{}' cannot be used: {}{}", directory,
                       std::strerror(errno), errno == ENOENT ? "; create it" : "");
  }
  const bool exists = ::stat(file.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    return fmt::format("log_file: '{}' is a directory", file.native());
  // Rotation needs the directory too. As the effective user, who will write.
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return fmt::format("log_file: the supervisor cannot write in '{}': {}", directory,
                       std::strerror(errno));
  }
  if (exists && ::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) != 0) {
    return fmt::format("log_file: the supervisor cannot write '{}': {}", file.native(),
                       std::strerror(errno));
  }
  return {};
}

// One for each directory at most: a thousand slots have the same reason.
std::vector<std::string> log_file_problems(const config::Program& program) {
  std::map<std::string, std::string> problems;
  if (program.log_file.empty()) return {};
  const bool differ = config::contains_slot_names(program.log_file.native());
  const std::uint32_t files = differ ? std::max(program.replicas, 1u) : 1;
  for (std::uint32_t slot = 0; slot < files; ++slot) {
    const std::filesystem::path file = config::expand_slot_names(
        program.log_file.native(),
        {fmt::format("{}.{}", program.name, slot), slot, program.port + slot});
    std::string problem = log_file_problem(file);
    if (!problem.empty()) problems.try_emplace(file.parent_path(), std::move(problem));
  }
  std::vector<std::string> texts;
  for (auto& [directory, problem] : problems)
    texts.push_back(std::move(problem));
  return texts;
}

Result<std::shared_ptr<const Fd>> seal_configuration(const config::Config& config,
                                                     const std::string& program) {
  HOLDFAST_TRY_ASSIGN(const std::string text, config::handover_text(config, program));
  HOLDFAST_TRY_ASSIGN(Fd sealed, make_sealed_file(protocol::kConfigurationFd, text));
  return std::make_shared<const Fd>(std::move(sealed));
}

std::vector<std::string> rehearsal_problems(const LookUp& look_up) {
  process::LaunchSpec spec;
  spec.executable = look_up.found.executable;
  spec.directory = look_up.found.program.directory.native();
  spec.identity = look_up.found.identity;
  spec.limits = look_up.found.limits;
  spec.nice = look_up.found.program.nice;
  spec.oom_score_adj = look_up.found.program.oom_score_adj;
  const auto failures = process::rehearse(spec);
  if (!failures) return {"cannot be checked: " + failures.error().message};
  std::vector<std::string> problems;
  for (const RehearsalFailure& failure : *failures)
    problems.push_back(describe(failure, look_up));
  return problems;
}

// All that is looked at on behalf of a program, and more.
std::vector<std::string> paths_of(const config::Program& program, const Environ& environ) {
  std::vector<std::string> paths{program.directory.native(), program.env_file.native(),
                                 program.log_file.parent_path().native()};
  for (const auto* const command :
       {&program.command, &program.ready_probe.command, &program.health.command}) {
    if (command->empty()) continue;
    const std::string& name = command->front();
    if (name.find('/') != std::string::npos) {
      paths.push_back(name);
      continue;
    }
    for (const auto& place :
         process::executable_places(process::own_directory(), search_path(program, environ)))
      paths.push_back((place / name).native());
  }
  return paths;
}

// The programs' files are looked at here, too, and who asks must not wait for a file system that
// hangs: a child looks first. One for all, as a fork costs milliseconds.
std::optional<std::string> hung_file(const config::Config& config, const Environ& environ) {
  std::vector<std::string> paths;
  std::vector<const config::Program*> of;
  std::set<std::string> known{""};
  for (const config::Program& program : config.programs) {
    for (std::string& path : paths_of(program, environ)) {
      if (!known.insert(path).second) continue;
      paths.push_back(std::move(path));
      of.push_back(&program);
    }
  }
  const auto hung = process::find_hung_path(paths);
  if (!hung || *hung >= paths.size()) return std::nullopt;
  return fmt::format("[program.{}] looking at '{}' does not return: a file system hangs",
                     of[*hung]->name, paths[*hung]);
}

}  // namespace

Result<PreparedProgram> prepare_program(const config::Program& program, const Environ& environ) {
  LookUp result = look_up(program, environ);
  if (!result.problems.empty()) return tl::unexpected(std::move(result.problems.front()));
  return std::move(result.found);
}

Result<Environ> env_file_values(const config::Program& program, const Environ& environ) {
  return read_env_file(program, environ, look_up(program, environ).found);
}

PreparedPrograms prepare_programs(config::Config& config, const Environ& environ) {
  PreparedPrograms result;
  if (auto problem = hung_file(config, environ)) {
    result.problems.push_back(std::move(*problem));
    return result;
  }
  for (config::Program& program : config.programs) {
    std::vector<std::string> problems;
    program.env_file_values.clear();
    if (!program.env_file.empty()) {
      auto values = env_file_values(program, environ);
      if (values) {
        program.env_file_values = std::move(*values);
      } else {
        problems.push_back("env_file: " + values.error().message);
      }
    }
    LookUp look_up = supervisor::look_up(program, environ);
    for (const Error& problem : look_up.problems)
      problems.push_back(problem.message);
    for (std::string& problem : rehearsal_problems(look_up))
      problems.push_back(std::move(problem));
    for (std::string& problem : log_file_problems(program))
      problems.push_back(std::move(problem));
    if (look_up.found.own) {
      auto sealed = seal_configuration(config, program.name);
      if (sealed) {
        look_up.found.configuration = std::move(*sealed);
      } else {
        problems.push_back(sealed.error().message);
      }
    }
    for (const std::string& problem : problems)
      result.problems.push_back(fmt::format("[program.{}] {}", program.name, problem));
    if (problems.empty()) {
      result.programs.emplace(program.name,
                              std::make_shared<const PreparedProgram>(std::move(look_up.found)));
    }
  }
  return result;
}

}  // namespace holdfast::supervisor
