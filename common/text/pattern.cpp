// SPDX-License-Identifier: Apache-2.0
#include "common/text/pattern.hpp"

#include <re2/re2.h>

#include <utility>

namespace holdfast::text {

namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

Failure invalid(std::string_view expression, const std::string& why) {
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a regular expression: {}", expression, why));
}

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(piece(expression), options);
  if (!compiled->ok()) {
    const auto code = compiled->error_code();
    // The engine's own words for what other engines support.
    const bool perl = code == re2::RE2::ErrorBadPerlOp || code == re2::RE2::ErrorBadEscape;
    return invalid(expression, compiled->error() + (perl ? "; lookaround and backreferences are "
                                                           "not supported (RE2 syntax)"
                                                         : ""));
  }
  if (compiled->ProgramSize() > kMaxInstructions) {
    return invalid(expression, "it is too large; use smaller repetition counts");
  }
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(piece(text), *compiled_);
}

}  // namespace holdfast::text
