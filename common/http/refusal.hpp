// SPDX-License-Identifier: Apache-2.0
#pragma once

// Refusal: why a request never reached a handler. A value; any thread.

#include <string>

namespace holdfast::http {

struct Refusal {
  int status = 400;
  std::string detail;  // for the client: what is wrong with the request
};

}  // namespace holdfast::http
