// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which supervisor a file is for. Threads: pure functions.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::importer {

enum class Kind { Procfile, Supervisord, Pm2, Systemd };

// "procfile", "supervisord", "pm2", "systemd".
std::string_view to_string(Kind kind);
std::optional<Kind> kind_by_name(std::string_view name);
std::vector<std::string> kind_names();

// By what is in the file, and by its name where that does not tell.
std::optional<Kind> detect(const std::filesystem::path& path, std::string_view text);

}  // namespace holdfast::supervisor::importer
