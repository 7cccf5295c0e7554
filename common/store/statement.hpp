// SPDX-License-Identifier: Apache-2.0
#pragma once

// SQL with states by name, resolved by the compiler: statement<"… state = {job.running} …"> is the
// text with the number that the schema stores. An unknown name does not compile.
//
// Not bound as parameters: SQLite uses a partial index ("WHERE state = 2") only if the statement
// says the same in plain text.

#include "common/store/types.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace holdfast::store {

template <std::size_t Size>
struct SqlText {
  // Implicit, so that a literal can be a template's argument.
  constexpr SqlText(const char (&literal)[Size]) {
    for (std::size_t i = 0; i < Size; ++i)
      text[i] = literal[i];
  }
  char text[Size]{};
};

consteval char digit_of_state(std::string_view name) {
  const auto digit = [](auto state) { return static_cast<char>('0' + static_cast<int>(state)); };
  if (name == "job.ready") return digit(JobState::Ready);
  if (name == "job.waiting") return digit(JobState::Waiting);
  if (name == "job.running") return digit(JobState::Running);
  if (name == "job.done") return digit(JobState::Done);
  if (name == "job.cancelled") return digit(JobState::Cancelled);
  if (name == "job.dead") return digit(JobState::Dead);
  if (name == "document.pending") return digit(DocumentStatus::Pending);
  if (name == "document.ready") return digit(DocumentStatus::Ready);
  if (name == "document.failed") return digit(DocumentStatus::Failed);
  throw "unknown state";  // reached only in a compiler, as an error
}

template <std::size_t Size>
struct ResolvedSql {
  std::array<char, Size> text{};  // no longer than the text with the names
  std::size_t length = 0;
};

template <std::size_t Size>
consteval ResolvedSql<Size> resolve(const SqlText<Size>& sql) {
  // A copy: under UBSan, g++ 12 takes the null check of a pointer into a template's argument for
  // something it cannot know (GCC bug 71962).
  const SqlText<Size> local = sql;
  ResolvedSql<Size> resolved;
  std::string_view rest{local.text, Size - 1};
  while (!rest.empty()) {
    char next = rest.front();
    std::size_t consumed = 1;
    if (next == '{') {
      const std::size_t end = rest.find('}');
      next = digit_of_state(rest.substr(1, end - 1));
      consumed = end + 1;
    }
    resolved.text[resolved.length++] = next;
    rest.remove_prefix(consumed);
  }
  return resolved;
}

template <SqlText Sql>
inline constexpr auto kResolvedSql = resolve(Sql);

template <SqlText Sql>
inline constexpr std::string_view statement{kResolvedSql<Sql>.text.data(),
                                            kResolvedSql<Sql>.length};

}  // namespace holdfast::store
