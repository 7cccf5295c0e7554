// SPDX-License-Identifier: Apache-2.0
#include "common/worker/runtime.hpp"

#include "common/base/version.hpp"
#include "common/command_line/output.hpp"
#include "common/config/load.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/number.hpp"
#include "common/worker/configuration.hpp"
#include "common/worker/crash_handler.hpp"
#include "common/worker/process.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace holdfast::worker {

namespace {

std::string value_of(const config::Environ& environ, const std::string& name) {
  const auto it = environ.find(name);
  return it == environ.end() ? std::string() : it->second;
}

Identity identity_of(const config::Environ& environ, const std::string& program) {
  Identity identity;
  identity.name = value_of(environ, protocol::kWorker);
  if (identity.name.empty()) identity.name = fmt::format("{}.{}", program, ::getpid());
  const std::string incarnation = value_of(environ, protocol::kIncarnation);
  if (!incarnation.empty()) identity.incarnation = std::strtoull(incarnation.c_str(), nullptr, 10);
  identity.slot = text::parse_number<std::uint32_t>(value_of(environ, protocol::kSlot)).value_or(0);
  identity.predecessor = value_of(environ, protocol::kPredecessor);
  return identity;
}

// Answers --help and --version. There are no other arguments: workers are configured by the file.
std::optional<int> answer_arguments(int argc, char** argv, const std::string& program) {
  if (argc < 2) return std::nullopt;
  const std::string argument = argv[1];
  if (argument == "--version") {
    fmt::print("{} {}\n", program, kVersion);
    return 0;
  }
  if (argument == "--help" || argument == "-h") {
    fmt::print(
        "{0}: a worker of the Holdfast stack. `holdfast run` starts it; it can also run alone.\n\n"
        "  {0}             work until SIGTERM\n"
        "  {0} --version   print the version\n\n"
        "Configuration: from the supervisor; alone, the file that HOLDFAST_CONFIG names, or "
        "/etc/holdfast/holdfast.toml, and the environment.\n"
        "Exit codes: 0 drained, 69 the store cannot be used, or can only by a new process, 70 "
        "failed, 78 wrong configuration.\n",
        program);
    return 0;
  }
  command_line::complain(
      fmt::format("{}: unknown argument '{}'; see {} --help", program, argument, program));
  return exit_code::kUsage;
}

}  // namespace

int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::InvalidArgument: return exit_code::kConfig;
    case ErrorKind::Unavailable:
    case ErrorKind::NotFound:
    case ErrorKind::PermissionDenied:
    case ErrorKind::ResourceExhausted:
    case ErrorKind::DataLoss: return exit_code::kUnavailable;
    default: return exit_code::kSoftware;
  }
}

int run_worker(int argc, char** argv, const std::string& program, const MakeService& make_service) {
  if (const auto code = answer_arguments(argc, argv, program)) return *code;
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of write(2)
  install_crash_handler();

  const config::Environ environ = config::environ_of_process();
  auto descriptors = notify::take_listen_fds(environ, ::getpid());
  auto notifier = notify::Notifier::from_environment(environ, ::getpid());
  if (!descriptors || !notifier) {
    const Error& error = !descriptors ? descriptors.error() : notifier.error();
    command_line::complain(fmt::format("{}: {}", program, error.message));
    return exit_code::kSoftware;
  }
  auto loaded = read_configuration(*descriptors, environ);
  if (!loaded) {
    command_line::complain(config::format(loaded.error()));
    return exit_code::kConfig;
  }

  WorkerProcess process(std::move(loaded->config), identity_of(environ, program),
                        std::move(*descriptors), std::move(*notifier),
                        value_of(environ, protocol::kStatusSocket));
  try {
    auto service = make_service(process);
    if (!service) {
      process.log().error("cannot start", {{"err", log::err_of(service.error())}});
      return exit_code_of(service.error());
    }
    return process.run(std::move(*service));
  } catch (const std::exception& error) {
    process.log().error("failed", {{"err", log::err_of(error)}});
    return exit_code::kSoftware;
  }
}

}  // namespace holdfast::worker
