// SPDX-License-Identifier: Apache-2.0
#pragma once

// Real documents to post: Debian's licence texts.

#include "tests/support/stack.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace holdfast::test {

struct Text {
  std::string title;
  std::string content;
};

inline std::vector<Text> licence_texts() {
  std::vector<Text> result;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/share/common-licenses")) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    result.push_back({entry.path().filename(), {std::istreambuf_iterator<char>(file), {}}});
  }
  std::sort(result.begin(), result.end(),
            [](const Text& a, const Text& b) { return a.title < b.title; });
  return result;
}

// The answer's id; throws unless it is 202.
inline std::string post_document(Stack& stack, const Text& text,
                                 const http::Headers& headers = {}) {
  const auto answer = stack.post_json("/api/documents",
                                      {{"title", text.title}, {"content", text.content}}, headers);
  if (answer.status != 202) throw std::runtime_error(text.title + ": " + answer.body);
  return nlohmann::json::parse(answer.body)["id"].get<std::string>();
}

inline nlohmann::json document(Stack& stack, const std::string& id) {
  return nlohmann::json::parse(stack.get("/api/documents/" + id).body);
}

inline bool wait_ready(Stack& stack, const std::vector<std::string>& ids) {
  return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return wait_until([&] { return document(stack, id).value("status", "") == "ready"; },
                      std::chrono::seconds(60));
  });
}

// The stack of these tests: Holdfast's own three programs.
inline std::string default_stack(const std::string& more = "") {
  return "[listen.http]\naddress = \"127.0.0.1:0\"\n\n[log]\nformat = \"json\"\nlevel = "
         "\"debug\"\n" +
         more;
}

}  // namespace holdfast::test
