// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules for a parsed request head, and what it says about the body that follows: RFC 9110
// sections 7.2 and 10.1.1, RFC 9112 sections 3.2, 6.1 and 6.3. Stricter than the parser: any
// ambiguity about a message's length is a way to smuggle another one past a proxy. Pure.

#include "common/http/message.hpp"
#include "common/http/refusal.hpp"

#include <cstdint>
#include <optional>

namespace holdfast::http {

struct BodyPlan {
  bool chunked = false;
  std::uint64_t length = 0;  // announced; 0 when chunked or without a body
  bool expects_continue = false;
};

// Fills request.path and request.query from request.target (an absolute target also replaces
// Host) and `plan` from the fields. `minor`: the version is HTTP/1.<minor>.
std::optional<Refusal> check_head(Request& request, int minor, BodyPlan& plan);

}  // namespace holdfast::http
