// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/config_diff.hpp"

#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/terminal.hpp"
#include "supervisor/cli/admin_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;

std::string line_of(const json& key, std::size_t width) {
  const std::string before = key.value("before", "");
  const std::string after = key.value("after", "");
  std::string change;
  if (!before.empty() && before == after) {
    change = after + " (changed; the value is secret)";
  } else if (!before.empty() || !after.empty()) {
    change =
        fmt::format("{} -> {}", before.empty() ? "unset" : before, after.empty() ? "unset" : after);
  }
  std::string line = fmt::format("    {:<10}  {:<{}}  {}", key.value("effect", ""),
                                 key.value("key", ""), width, change);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string section_text(const json& section) {
  const std::string change = section.value("change", "");
  const std::string name = section.value("section", "");
  const char mark = change == "added" ? '+' : change == "removed" ? '-' : '~';
  std::string out =
      fmt::format("{} {}{}\n", mark, name.empty() ? "top of the file" : '[' + name + ']',
                  mark == '~' ? "" : ": " + change);
  const json keys = section.value("keys", json::array());
  std::size_t width = 0;
  for (const json& key : keys)
    width = std::max(width, key.value("key", "").size());
  for (const json& key : keys)
    out += line_of(key, width);
  return out;
}

}  // namespace

Result<std::string> config_diff_text(std::string_view answer) {
  const json body = json::parse(answer, nullptr, false);
  if (!body.is_object() || !body.contains("changes") || !body["changes"].is_array()) {
    return fail(ErrorKind::Unavailable,
                "the supervisor's answer is not understood; is it of another version?");
  }
  std::string out;
  for (const json& section : body["changes"])
    out += section_text(section);
  return out;
}

int run_config_diff(const std::optional<std::filesystem::path>& file,
                    const config::Environ& environ, const std::filesystem::path& runtime_dir) {
  json body = json::array();
  if (file) {
    const auto sources = config::read_sources(*file, environ);
    if (!sources) {
      command_line::complain(config::format(sources.error()));
      return exit_code::kConfig;
    }
    for (const config::SourceFile& source : *sources)
      body.push_back({{"name", source.name}, {"text", source.text}});
  } else {
    body.push_back({{"name", ""}, {"text", ""}});  // the defaults
  }
  const auto answer = AdminClient(runtime_dir)
                          .ask("POST", protocol::kConfigDiffPath, std::chrono::seconds(60),
                               body.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!answer) return unreachable(answer.error());
  if (answer->status == 422) {
    const json problem = json::parse(answer->body, nullptr, false);
    complain(problem.is_object() ? problem.value("detail", "") : answer->body);
    return exit_code::kConfig;
  }
  const auto text = answer->status == 200
                        ? config_diff_text(answer->body)
                        : Result<std::string>(fail(ErrorKind::Unavailable, answer->body));
  if (!text) return unreachable(text.error());
  print(text->empty() ? "nothing would change\n" : text::for_terminal(*text));
  return text->empty() ? exit_code::kOk : exit_code::kFailed;
}

}  // namespace holdfast::supervisor::cli
