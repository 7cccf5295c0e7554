// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_stack.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace holdfast::supervisor {

namespace {

constexpr std::string_view kBegin = "fatal signal ";
constexpr std::string_view kEnd = ", stack:";

std::string demangle(const std::string& name) {
  if (!name.starts_with("_Z")) return name;  // "g" would be the type __float128
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && plain ? plain.get() : name;
}

}  // namespace

std::optional<std::string> readable_frame(std::string_view line) {
  const auto open = line.find('(');
  const auto close = line.rfind(")[0x");
  if (open == std::string_view::npos || open == 0 || close == std::string_view::npos ||
      close < open || !line.ends_with(']')) {
    return std::nullopt;
  }
  const std::string_view path = line.substr(0, open);
  const std::string_view module = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const std::string_view place = line.substr(open + 1, close - open - 1);
  const auto plus = place.rfind('+');
  const std::string name(place.substr(0, plus));
  const std::string_view offset = plus == std::string_view::npos ? "" : place.substr(plus);
  if (name.empty()) return fmt::format("{}{}", module, offset);
  return fmt::format("{}{} in {}", demangle(name), offset, module);
}

std::optional<CrashStack> stack_of(const std::vector<std::string>& lines) {
  std::optional<CrashStack> found;
  for (const std::string& line : lines) {
    const std::string_view text = line;
    if (text.starts_with(kBegin) && text.ends_with(kEnd)) {
      found = CrashStack{
          std::string(text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size())), {}};
    } else if (found) {
      if (auto frame = readable_frame(text)) found->frames.push_back(std::move(*frame));
    }
  }
  if (found && found->frames.empty()) return std::nullopt;
  return found;
}

}  // namespace holdfast::supervisor
