// SPDX-License-Identifier: Apache-2.0
#include "common/worker/running_stack.hpp"

#include "common/config/store_text.hpp"
#include "common/http/client.hpp"
#include "common/protocol/names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <system_error>

namespace holdfast::worker {

namespace {

constexpr Duration kDeadline = std::chrono::seconds(2);
constexpr std::string_view kFile = "sqlite ";

bool names_a_store(const config::Environ& environ) {
  return environ.contains("DATABASE_URL") || environ.contains("DATABASE_URL_FILE");
}

// "sqlite /var/lib/holdfast/holdfast.db"; empty if nobody answers, or the stack has no store.
std::string store_of_stack(const std::filesystem::path& runtime_dir) {
  const std::filesystem::path socket = runtime_dir / protocol::kStatusSocketFile;
  http::FetchOptions options;
  options.deadline = kDeadline;
  options.max_response_bytes = 64u << 20;
  const auto answer = http::fetch(
      "GET", fmt::format("unix:{}:{}", socket.native(), protocol::kStatusPath), {}, {}, options);
  if (!answer || answer->status != 200) return {};
  const auto status = nlohmann::json::parse(answer->body, nullptr, false);
  if (!status.is_object() || !status.contains("store")) return {};
  const auto& store = status["store"];
  if (!store.is_object()) return {};
  return fmt::format("{} {}", store.value("engine", ""), store.value("database", ""));
}

bool is_same_store(const std::string& one, const std::string& other) {
  if (one == other) return true;
  if (!one.starts_with(kFile) || !other.starts_with(kFile)) return false;
  std::error_code error;
  return std::filesystem::equivalent(one.substr(kFile.size()), other.substr(kFile.size()), error);
}

}  // namespace

Result<std::string> check_running_stack(const config::Config& config,
                                        const std::filesystem::path& runtime_dir,
                                        const config::Environ& environ) {
  const std::string theirs = store_of_stack(runtime_dir);
  const std::string ours = config::configured_store(config);
  if (theirs.empty() || is_same_store(ours, theirs)) return std::string{};
  if (names_a_store(environ)) {
    return fmt::format(
        "warning: the stack that runs here ({}) uses {}; this command uses {}, which its "
        "environment names",
        runtime_dir.native(), theirs, ours);
  }
  return fail(
      ErrorKind::InvalidArgument,
      fmt::format("the stack that runs here ({}) uses {}, but this command would use {}: give it "
                  "the DATABASE_URL or DATABASE_URL_FILE of the stack (with systemd's credentials, "
                  "DATABASE_URL_FILE=/run/credentials/holdfast.service/database-url)",
                  runtime_dir.native(), theirs, ours));
}

}  // namespace holdfast::worker
