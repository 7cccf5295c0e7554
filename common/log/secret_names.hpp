// SPDX-License-Identifier: Apache-2.0
#pragma once

// What more is_sensitive() and sounds_secret() (redact.hpp) are asked about a name, by where it
// stands.
//
// Threads: any; pure.

#include <string_view>

namespace holdfast::log {

bool ends_ignoring_case(std::string_view text, std::string_view end);

// Whether a parameter of a URL or a variable has a secret for its value: also signatures.
bool names_a_secret(std::string_view parameter);

// A variable, a host or a path with "webhook" in it, in any case.
bool names_a_webhook(std::string_view text);

// "PRIVATE-TOKEN", "DD-API-KEY". Not "auth-worker" or "user-auth", which are names of programs.
bool looks_like_a_header(std::string_view name);

// Whether what stands behind "name:" is a secret, whatever it looks like: the digits of
// "token:1234" may be a port as well as a PIN. A name that sounds secret only by a part of it may
// be a host: "keycloak:8080", "auth-service:8080", "token-service:8080".
bool is_sure_of_colon(std::string_view name);

}  // namespace holdfast::log
