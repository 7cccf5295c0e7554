// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hides the secrets of URLs.
//
// Threads: any; pure.

#include <string>
#include <string_view>

namespace holdfast::log {

// Masks the password of every URL in `text` ("postgresql://user:***@host/db"), the values of its
// query parameters that are named like a secret ("?sslpassword=***"), and the path of a webhook
// ("https://hooks.slack.com/***"). Errs on the side of masking where a password was not
// percent-encoded.
std::string redact_url(std::string_view text);

}  // namespace holdfast::log
