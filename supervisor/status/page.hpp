// SPDX-License-Identifier: Apache-2.0
#pragma once

// The status page: six files, embedded at build time, that load nothing from other hosts.
//
// Threads: any.

#include "common/http/message.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace holdfast::supervisor::status {

struct PageFile {
  std::string_view path;
  std::string_view content_type;
  std::string_view content;
};
std::span<const PageFile> page_files();

// The answer to GET `path` if it is one of the files. Its Content-Security-Policy restricts the
// page to this server.
std::optional<http::Response> page_answer(std::string_view path);

}  // namespace holdfast::supervisor::status
