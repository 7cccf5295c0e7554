// SPDX-License-Identifier: Apache-2.0
#pragma once

// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): which keys are valid, and when
// two requests are the same. All that create or change something take one: POST and PUT of
// documents, batches, and the retry of a job. DELETE needs none.
// - A Structured Fields string, `"8e03978e-…"`, or the same without quotes, as many clients write
//   it; 1 to 255 visible ASCII characters, one line. A quoted one may have parameters, which are
//   ignored.
// - The fingerprint covers the parsed document, not its bytes: a retry whose JSON is spaced or
//   ordered differently is still a retry.
//
// Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/store/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::api {

// Unset without the field; ProblemDetails (400) if its value is not a valid key.
tl::expected<std::optional<std::string>, ProblemDetails> read_idempotency_key(
    const http::Headers& headers);

// SHA-256 of title, content and metadata, in hexadecimal. `operation`: what is done with the
// document, so that a key belongs to one operation ("PUT" and an id); empty: it is created.
std::string fingerprint(const store::NewDocument& document, std::string_view operation = {});
// Of an operation on something else.
std::string fingerprint(std::string_view operation);

}  // namespace holdfast::api
