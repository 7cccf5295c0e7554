// SPDX-License-Identifier: Apache-2.0
#pragma once

// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): what a client may send, and what
// makes two requests the same.
// - A Structured-Fields string, `"8e03978e-…"`, or the same without quotes, as many clients write
//   it; 1 to 255 visible ASCII characters, one line.
// - The fingerprint is of the document that was understood, not of its bytes: a retry that spaces
//   or orders its JSON in another way is still a retry.
//
// Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/store/types.hpp"

#include <optional>
#include <string>

namespace holdfast::api {

// Unset without the field; a ProblemDetails (400) for one that is no key.
tl::expected<std::optional<std::string>, ProblemDetails> read_idempotency_key(
    const http::Headers& headers);

// SHA-256 of title, content and metadata, in hexadecimal.
std::string fingerprint(const store::NewDocument& document);

}  // namespace holdfast::api
