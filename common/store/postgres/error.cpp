// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/error.hpp"

#include "common/log/redact.hpp"
#include "common/store/job_rules.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::store::postgres {

namespace {

struct Known {
  std::string_view state;  // five characters, or a class of two
  ErrorKind kind;
  std::string_view advice;
};

constexpr std::string_view kNotTheSchema =
    "; the schema holdfast is not there, or not as Holdfast made it: run `holdfast-queue-worker "
    "migrate`, or restore it";

// The first that fits counts. https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr Known kKnown[] = {
    {"08", ErrorKind::Unavailable, ""},
    {"22021", ErrorKind::Unstorable, ""},
    {"22P05", ErrorKind::Unstorable, ""},
    {"23503", ErrorKind::Conflict, ""},
    {"23505", ErrorKind::Conflict, ""},
    {"25006", ErrorKind::Unavailable,
     "; this server takes no writes: name the primary, or add "
     "target_session_attrs=read-write to the URL"},
    {"25P03", ErrorKind::Unavailable, ""},
    {"28", ErrorKind::PermissionDenied,
     "; check user and password in store.url, PGPASSFILE, and the server's pg_hba.conf"},
    {"3D000", ErrorKind::Unavailable, "; create it: createdb, then holdfast-queue-worker migrate"},
    {"3F", ErrorKind::Unavailable, kNotTheSchema},
    {"40", ErrorKind::Unavailable, ""},
    {"42501", ErrorKind::PermissionDenied,
     "; the role must own the schema holdfast, or be granted its use"},
    // Each statement fits the schema that the migrations make: what it does not find there was
    // taken away or changed by somebody, and may come back.
    {"42", ErrorKind::Unavailable, kNotTheSchema},
    {"53100", ErrorKind::ResourceExhausted,
     "; nothing of this write was stored: free space on the database server"},
    {"53200", ErrorKind::ResourceExhausted, ""},
    {"53300", ErrorKind::Unavailable,
     "; raise max_connections, lower store.pool_size, or put a pooler between"},
    {"53", ErrorKind::ResourceExhausted, ""},
    // A word or a key that no index takes. The API refuses what is long before it gets here.
    {"54", ErrorKind::Unstorable, ""},
    {"55P03", ErrorKind::Unavailable, ""},
    {"57014", ErrorKind::Unavailable, "; it took longer than store.statement_timeout"},
    {"57", ErrorKind::Unavailable, ""},
    {"58", ErrorKind::Unavailable, ""},
    {"XX001", ErrorKind::DataLoss, "; the database is damaged: restore a backup"},
    {"XX002", ErrorKind::DataLoss, "; an index is damaged: REINDEX it"},
};

const Known* find_known(std::string_view state) {
  const auto* const found = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& k) {
    return state.starts_with(k.state);
  });
  return found == std::end(kKnown) ? nullptr : found;
}

// One line, without the end that libpq adds, and without a password.
std::string clean(std::string_view message) {
  std::string line(message);
  while (!line.empty() && text::kWhitespace.find(line.back()) != std::string_view::npos)
    line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  return log::redact_text(line);
}

// The one constraint that what people send can run into, by whichever way it is stored.
bool is_about_unique_key(const ServerError& error) {
  return error.state == "23505" && error.constraint == "job_unique";
}

// From "Key (kind, unique_key)=(embed, KEY) already exists.", in whatever language: a server says
// it in its own, but not the values. A kind has no comma.
std::string_view unique_key_in(std::string_view detail) {
  const std::size_t values = detail.find(")=(");
  const std::size_t end = detail.rfind(')');
  if (values == std::string_view::npos || end < values + 3) return {};
  const std::string_view inner = detail.substr(values + 3, end - values - 3);
  const std::size_t comma = inner.find(", ");
  return comma == std::string_view::npos ? std::string_view() : inner.substr(comma + 2);
}

}  // namespace

Error make_error(const ServerError& error, std::string_view database) {
  if (is_about_unique_key(error)) return unique_key_taken(unique_key_in(error.detail));
  const Known* const known = find_known(error.state);
  std::string text = fmt::format("database '{}': {}", database, clean(error.message));
  if (!error.detail.empty()) text += fmt::format(" ({})", clean(error.detail));
  if (known == nullptr) {
    // Neither the network nor what people sent: a defect here. The code helps whoever looks for it.
    return {ErrorKind::Internal, fmt::format("{} [{}]", text, error.state), 0, true};
  }
  return {known->kind, text + std::string(known->advice), 0, true};
}

bool is_worth_repeating(std::string_view state) {
  return state == "40001" || state == "40P01" || unprepares(state) || shows_shared_session(state);
}

bool unprepares(std::string_view state) {
  return state == "0A000";
}

bool shows_shared_session(std::string_view state) {
  return state == "26000" || state == "42P05";
}

bool ends_session(std::string_view state) {
  return state.starts_with("57P") || state.starts_with("08") || state == "25P03";
}

bool lacks_place(std::string_view state) {
  return state == "53300";
}

// "… failed: FATAL:  53300: sorry, too many clients already\nLOCATION:  ProcArrayAdd, …", perhaps
// once for each attempt.
Refused read_refusal(std::string_view verbose) {
  constexpr std::string_view kMark = ":  ";
  constexpr std::string_view kPlace = "\nLOCATION:  ";
  constexpr std::size_t kStateLength = 5;
  const auto is_state_letter = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  };
  Refused refused;
  while (!verbose.empty()) {
    const std::size_t place = verbose.find(kPlace);
    const std::size_t mark = verbose.substr(0, place).find(kMark);
    if (mark == std::string_view::npos) {
      refused.reason += verbose.substr(0, place);
    } else {
      const std::size_t text = mark + kMark.size();
      const std::string_view state = verbose.substr(text, kStateLength);
      const bool is_state = std::all_of(state.begin(), state.end(), is_state_letter) &&
                            verbose.substr(text + state.size()).starts_with(": ");
      if (is_state) refused.state = state;
      refused.reason += verbose.substr(0, text);
      const std::size_t rest = is_state ? text + kStateLength + 2 : text;
      refused.reason += verbose.substr(0, place).substr(rest);
    }
    if (place == std::string_view::npos) break;
    const std::size_t next = verbose.find('\n', place + 1);
    verbose = next == std::string_view::npos ? std::string_view() : verbose.substr(next);
  }
  return refused;
}

Error connection_error(std::string_view reason, std::string_view database) {
  return {ErrorKind::Unavailable, fmt::format("database '{}': {}", database, clean(reason)), 0,
          true};
}

}  // namespace holdfast::store::postgres
