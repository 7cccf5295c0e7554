// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/import.hpp"

#include "common/os/exit_codes.hpp"
#include "common/os/fd.hpp"
#include "common/os/file.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/cli/admin_client.hpp"
#include "supervisor/import/detect.hpp"
#include "supervisor/import/pm2.hpp"
#include "supervisor/import/procfile.hpp"
#include "supervisor/import/supervisord.hpp"
#include "supervisor/import/systemd_timer.hpp"
#include "supervisor/import/systemd_unit.hpp"
#include "supervisor/import/writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <thread>

namespace holdfast::supervisor::cli {

namespace {

namespace fs = std::filesystem;
using importer::Kind;
using importer::Source;

constexpr std::size_t kLargestFile = 4u << 20;

bool is_yaml(const fs::path& file) {
  return file.extension() == ".yml" || file.extension() == ".yaml";
}
constexpr const char* kFromYaml =
    ". An ecosystem file in YAML becomes JSON first: python3 -c 'import json, sys, yaml; "
    "print(json.dumps(yaml.safe_load(sys.stdin)))' < ecosystem.yml > ecosystem.json";

Result<Source> read_source(const fs::path& path) {
  HOLDFAST_TRY_ASSIGN(std::string text, read_file(path, kLargestFile, Pipes::Read));
  std::erase(text, '\r');
  if (const auto bad = text::find_invalid_utf8(text); bad != std::string::npos) {
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}': line {} is not UTF-8; convert the file, for example with iconv",
                            path.native(), line));
  }
  std::error_code ignored;
  const fs::path absolute = fs::absolute(path, ignored);
  return Source{absolute.lexically_normal(), std::move(text)};
}

std::vector<fs::path> files_of_pattern(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return files;
}

// The file, and what it includes; includes of included files are not followed, as in supervisord.
Result<std::vector<Source>> with_includes(Source source, importer::Stack& stack) {
  const fs::path directory = source.path.parent_path();
  const auto patterns = importer::includes_of_supervisord(source);
  std::vector<Source> sources{std::move(source)};
  for (const std::string& pattern : patterns) {
    const auto files = files_of_pattern((directory / pattern).native());
    if (files.empty()) stack.top.leave_out("[include] " + pattern, "no such files here");
    for (const fs::path& file : files) {
      HOLDFAST_TRY_ASSIGN(Source included, read_source(file));
      sources.push_back(std::move(included));
    }
  }
  return sources;
}

// Where systemd looks for units of the system; the first has precedence.
constexpr std::array<const char*, 5> kUnitDirectories{
    "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system", "/lib/systemd/system"};

// The drop-ins of a unit, in the order in which they apply: NAME.d/*.conf beside it, and if it is
// one of the system's, in the system's other directories; an instance has those of its template.
std::vector<fs::path> drop_ins_of(const fs::path& unit) {
  std::vector<fs::path> directories{unit.parent_path()};
  if (std::find(kUnitDirectories.begin(), kUnitDirectories.end(), unit.parent_path()) !=
      kUnitDirectories.end())
    directories.assign(kUnitDirectories.begin(), kUnitDirectories.end());
  const std::string name = unit.filename().native();
  std::vector<std::string> names{name};
  const auto at = name.find('@');
  const auto dot = name.rfind('.');
  if (at != std::string::npos && dot != std::string::npos && dot > at + 1)
    names.push_back(name.substr(0, at + 1) + name.substr(dot));
  std::map<std::string, fs::path> by_name;
  for (const fs::path& directory : directories) {
    for (const std::string& one : names) {
      for (const fs::path& file : files_of_pattern((directory / (one + ".d") / "*.conf").native()))
        by_name.emplace(file.filename().native(), file);  // a link to /dev/null masks others
    }
  }
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& [file_name, file] : by_name) {
    if (fs::is_regular_file(file, ignored)) files.push_back(file);
  }
  return files;
}

// With its drop-ins behind it, as if they stood in the file.
Result<void> add_drop_ins(Source& unit, importer::Stack& stack) {
  for (const fs::path& file : drop_ins_of(unit.path)) {
    HOLDFAST_TRY_ASSIGN(const Source drop_in, read_source(file));
    stack.top.comment(fmt::format("with {}", drop_in.path.native()));
    unit.text += "\n\n" + drop_in.text;
  }
  return {};
}

// A service and its timer stand beside each other, and either may be named.
Result<void> import_unit(Source source, importer::Stack& stack) {
  std::optional<Source> timer;
  if (importer::is_timer(source)) {
    timer = std::move(source);
    const fs::path service = timer->path.parent_path() / importer::service_of_timer(*timer);
    HOLDFAST_TRY_ASSIGN(source, read_source(service));
  } else {
    std::error_code ignored;
    const fs::path beside = fs::path(source.path).replace_extension(".timer");
    if (fs::is_regular_file(beside, ignored)) {
      HOLDFAST_TRY_ASSIGN(timer, read_source(beside));
    }
  }
  HOLDFAST_TRY(add_drop_ins(source, stack));
  if (timer) HOLDFAST_TRY(add_drop_ins(*timer, stack));
  return importer::import_systemd_unit(source, timer ? &*timer : nullptr, stack);
}

importer::Machine machine_for(const std::vector<fs::path>& asked) {
  importer::Machine machine;
  machine.processors = std::max(1u, std::thread::hardware_concurrency());
  std::error_code ignored;
  for (const fs::path& file : asked) {
    if (fs::is_regular_file(file, ignored)) machine.files.insert(file);
  }
  return machine;
}

Result<std::string> converted(Source source, Kind kind) {
  importer::Stack stack;
  const std::string origin = source.path.native();
  switch (kind) {
    case Kind::Procfile:
      importer::import_procfile(source, machine_for(importer::files_beside_procfile(source)),
                                stack);
      break;
    case Kind::Supervisord: {
      HOLDFAST_TRY_ASSIGN(const std::vector<Source> sources,
                          with_includes(std::move(source), stack));
      importer::import_supervisord(sources, stack);
      break;
    }
    case Kind::Pm2: HOLDFAST_TRY(importer::import_pm2(source, machine_for({}), stack)); break;
    case Kind::Systemd: HOLDFAST_TRY(import_unit(std::move(source), stack)); break;
  }
  if (stack.programs().empty())
    return fail(ErrorKind::InvalidArgument, fmt::format("'{}' starts no program", origin));
  // systemd's services inherit nothing in any case.
  if (kind != Kind::Systemd)
    stack.top.comment(
        "Programs inherit no secrets of the environment, such as DATABASE_URL or API_KEY, but "
        "those "
        "that they\nname: inherit = [\"DATABASE_URL\", \"*_KEY\"]");
  return importer::write(stack, origin);
}

// Never over a file that is there: it may have been edited.
Result<void> write_new_file(const fs::path& path, const std::string& text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!file) return fail_errno(errno, fmt::format("create '{}'", path.native()));
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t n = ::write(file.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, fmt::format("write '{}'", path.native()));
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::string> import_file(const Arguments& arguments) {
  HOLDFAST_TRY_ASSIGN(Source source, read_source(arguments.file));
  const auto kind = arguments.from.empty() ? importer::detect(source.path, source.text)
                                           : importer::kind_by_name(arguments.from);
  if (!kind) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is neither a Procfile, a supervisord.conf, an ecosystem file of "
                            "PM2 nor a systemd unit; if it is, say which with --from{}",
                            arguments.file.native(), is_yaml(arguments.file) ? kFromYaml : ""));
  }
  return converted(std::move(source), *kind);
}

}  // namespace

int run_import(const Arguments& arguments) {
  const auto text = import_file(arguments);
  if (!text) {
    complain(text.error().message);
    return exit_code::kFailed;
  }
  if (arguments.output.empty()) {
    print(*text);
    return exit_code::kOk;
  }
  if (const auto written = write_new_file(arguments.output, *text); !written) {
    complain(written.error().message);
    return exit_code::kFailed;
  }
  return exit_code::kOk;
}

}  // namespace holdfast::supervisor::cli
