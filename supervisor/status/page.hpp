// SPDX-License-Identifier: Apache-2.0
#pragma once

// The status page: six files, embedded at build time, that ask nothing of any other host.
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

// The answer to GET `path`, if that is one of them; with a Content-Security-Policy that lets the
// page use its own files and answers, and nothing else.
std::optional<http::Response> page_answer(std::string_view path);

}  // namespace holdfast::supervisor::status
