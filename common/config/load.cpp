// SPDX-License-Identifier: Apache-2.0
#include "common/config/load.hpp"

#include "common/config/defaults.hpp"
#include "common/config/environment.hpp"
#include "common/config/parse.hpp"
#include "common/config/reader.hpp"
#include "common/config/reload.hpp"
#include "common/config/replacement.hpp"
#include "common/config/report.hpp"
#include "common/config/validate.hpp"
#include "common/os/file.hpp"
#include "common/protocol/variables.hpp"

namespace holdfast::config {

namespace {

// The environment, the defaults and the checks, after the file was read into `config`.
LoadResult finish(Config config, const Environ& environ, LoadReport& report) {
  add_default_listener(config);
  apply_environment(environ, config, report);
  apply_dependent_defaults(config, report);
  note_probed_sockets(config);
  validate(config, report);
  if (!report.clean()) return tl::unexpected(report.problems());
  note_uses(config);
  return Loaded{std::move(config), report.warnings()};
}

}  // namespace

LoadResult load_text(std::string_view text, const std::string& file_name, const Environ& environ) {
  LoadReport report(file_name);
  Config config;
  if (const auto document = parse_toml(text)) {
    read_document(*document, config, report);
  } else {
    report.problem(document.error().at, "", document.error().message);
  }
  return finish(std::move(config), environ, report);
}

std::optional<std::filesystem::path> find_file(const std::optional<std::filesystem::path>& given,
                                               const Environ& environ,
                                               const std::filesystem::path& default_file) {
  if (given) return given;
  if (const auto it = environ.find(protocol::kConfig); it != environ.end() && !it->second.empty()) {
    return it->second;
  }
  std::error_code ignored;
  if (std::filesystem::exists(default_file, ignored)) return default_file;
  return std::nullopt;
}

LoadResult load(const std::optional<std::filesystem::path>& file, const Environ& environ) {
  if (!file) return load_text("", "", environ);
  const auto text = read_file(*file);
  if (!text) {
    LoadReport report(file->native());
    report.problem(Position{}, "", text.error().message);
    return finish({}, environ, report);
  }
  LoadResult loaded = load_text(*text, file->native(), environ);
  if (loaded) loaded->config.source = *file;
  return loaded;
}

}  // namespace holdfast::config
