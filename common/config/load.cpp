// SPDX-License-Identifier: Apache-2.0
#include "common/config/load.hpp"

#include "common/config/defaults.hpp"
#include "common/config/documents.hpp"
#include "common/config/environment.hpp"
#include "common/config/reader.hpp"
#include "common/config/receiver_types.hpp"
#include "common/config/reload.hpp"
#include "common/config/replacement.hpp"
#include "common/config/report.hpp"
#include "common/config/validate.hpp"
#include "common/os/file.hpp"
#include "common/protocol/variables.hpp"

#include <iomanip>
#include <sstream>

namespace holdfast::config {

namespace {

LoadReport report_for(const std::optional<std::filesystem::path>& file) {
  return LoadReport(file ? file->native() : std::string());
}

// Everything that is read, with the defaults for what is not.
Config fill(Documents& documents, const Environ& environ, LoadReport& report,
            Pipes pipes = Pipes::Refused) {
  Config config;
  read_document(documents.merged(), config, report);
  config.secrets = std::move(documents.secrets());
  for (std::size_t i = 1; i < report.files().size(); ++i)
    config.included.emplace_back(report.files()[i]);
  add_default_listener(config);
  apply_environment(environ, config, report, pipes);
  apply_dependent_defaults(config, report);
  note_receiver_secrets(config);
  return config;
}

// In a file that is no TOML, such as after a slip of the pen: the commands must still find the
// supervisor that an earlier state of it has started.
std::optional<std::filesystem::path> line_of_runtime_dir(const std::filesystem::path& file) {
  std::istringstream in(read_file(file).value_or(""));
  for (std::string line; std::getline(in, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    line[equals] = ' ';
    std::istringstream words(line);
    std::string key;
    std::string value;
    words >> key >> std::quoted(value);
    if (key == "runtime_dir" && value.starts_with('/')) return value;
  }
  return std::nullopt;
}

LoadResult finish(Documents& documents, const Environ& environ, LoadReport& report,
                  Pipes pipes = Pipes::Refused) {
  Config config = fill(documents, environ, report, pipes);
  note_probed_sockets(config);
  validate(config, report);
  if (!report.clean()) return tl::unexpected(report.problems());
  note_uses(config);
  return Loaded{std::move(config), report.warnings()};
}

}  // namespace

LoadResult load_text(std::string_view text, const std::string& file_name, const Environ& environ) {
  LoadReport report(file_name);
  Documents documents(environ, report);
  documents.parse(std::string(text));
  return finish(documents, environ, report);
}

LoadResult load_files(const SourceFiles& files, const Environ& environ) {
  LoadReport report(files.empty() ? std::string() : files.front().name);
  Documents documents(environ, report);
  documents.parse_all(files);
  LoadResult loaded = finish(documents, environ, report);
  if (loaded && !files.empty()) loaded->config.source = files.front().name;
  return loaded;
}

tl::expected<SourceFiles, std::vector<ConfigProblem>> read_sources(
    const std::filesystem::path& file, const Environ& environ) {
  LoadReport report(file.native());
  Documents documents(environ, report, Documents::Variables::Lenient);
  documents.read(file, Pipes::Read);
  if (!report.clean()) return tl::unexpected(report.problems());
  return documents.files();
}

std::filesystem::path find_runtime_dir(const std::optional<std::filesystem::path>& file,
                                       const Environ& environ) {
  LoadReport report = report_for(file);
  Documents documents(environ, report);
  if (file) documents.read(*file, Pipes::Read);
  const bool read = report.clean();
  std::filesystem::path found =
      fill(documents, environ, report, Pipes::Read).supervisor.runtime_dir;
  if (read || !file || found != Supervisor().runtime_dir) return found;
  return line_of_runtime_dir(*file).value_or(std::move(found));
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

LoadResult load(const std::optional<std::filesystem::path>& file, const Environ& environ,
                Pipes pipes) {
  LoadReport report = report_for(file);
  Documents documents(environ, report);
  if (file) documents.read(*file, pipes);
  LoadResult loaded = finish(documents, environ, report, pipes);
  if (loaded && file) loaded->config.source = *file;
  return loaded;
}

}  // namespace holdfast::config
