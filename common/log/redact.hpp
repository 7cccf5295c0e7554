// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hides secrets in logs, tables and messages. Threads: any.

#include <string>
#include <string_view>

namespace holdfast::log {

inline constexpr std::string_view kRedacted = "[Redacted]";

// Whether the value of a field with this name must be hidden: authorization, cookie, set-cookie,
// password, secret, token, api_key, x-api-key, in any case.
bool is_sensitive(std::string_view key);

// Masks the password of every URL in `text` ("postgresql://user:***@host/db"), and the values of
// its query parameters that are named like a secret ("?sslpassword=***"). Errs on the side of
// masking where a password was not percent-encoded.
std::string redact_url(std::string_view text);

}  // namespace holdfast::log
