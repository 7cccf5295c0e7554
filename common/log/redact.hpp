// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hides secrets in whatever people get to see: logs, events, the status, the configuration and its
// problems. What counts as a secret is decided here and nowhere else (docs/configuration.md).
//
// Everything errs on the side of masking. All functions are idempotent.
//
// Threads: any.

#include "common/log/redact_url.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::log {

inline constexpr std::string_view kRedacted = "[Redacted]";

// Whether the value of a field with this name must be hidden, whatever the configuration says: one
// that ends with password, passwd, pwd, passphrase, secret, token, cookie, credentials,
// authorization, webhook_url, or with key after api, private, secret or access (api_key, api-key,
// apikey), in any case. Narrower than sounds_secret(), as programs log "author", "tokens": 12 and
// "cache_key". Quick, for each field of each log line.
bool is_sensitive(std::string_view key);

// Whether a variable, an option or a parameter of this name has a secret for its value: PASS, PWD,
// SECRET, TOKEN, KEY, CREDENTIAL, COOKIE or BEARER anywhere in it, AUTH at its beginning or end,
// PW, SALT or, after another word, PAT for its last word, in any case. PWD and OLDPWD alone, in
// upper case, are directories.
bool sounds_secret(std::string_view name);

// As redact_url(), and besides in free text, such as a shell's command or a message: NAME=value and
// --name value where the name sounds secret, "name": "value" in JSON, Authorization and its like
// among HTTP headers ("X-…", "Api-Key: …"), -u user:password, the short options of some programs
// (redis-cli -a x), user:password@host of what was meant to be a URL, and a private key in PEM. The
// names of is_sensitive() with their values as JSON, YAML, XML, Python and Ruby write them, lists
// and blocks of lines among them, and as "token:1234", which may also be a host and its port.
std::string redact_text(std::string_view text);

// The same in a line of a program's log, in which much only sounds like a secret: of names only
// those of is_sensitive() count, with a value in any of these notations. In both, whatever stands
// around it, tokens that are known by their form (a JWT, "ghp_…"), passwords in SQL and in the
// commands of some programs, and words that no sentence has ("password is hunter2").
std::string redact_line(std::string_view text);

// The value of a variable or a key with this name: kRedacted as a whole if the name sounds secret
// or is that of a webhook whose value is no URL, else by redact_text().
std::string redact_value(std::string_view name, std::string_view value);

// The arguments of a command: each by redact_text(), and as a whole what follows an option that
// sounds secret ("--password", "x"), also if it begins with '-'. Here "name: value" is taken for a
// header or a line of YAML, whatever the name is that sounds secret, and "name:value" for a secret
// unless the name may be that of a host and sounds secret only by a part of it ("keycloak:8080").
std::vector<std::string> redact_arguments(const std::vector<std::string>& arguments);

}  // namespace holdfast::log
