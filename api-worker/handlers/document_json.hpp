// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents as the API returns them. Threads: pure functions.

#include "common/store/types.hpp"

#include <string>

namespace holdfast::api {

std::string document_json(const store::Document& document);
// {"documents":[…],"next_cursor":…}: without content; null on the last page.
std::string page_json(const store::Page& page);
// The response to an accepted document, with links to it and to its job.
std::string created_json(const store::Created& created);

}  // namespace holdfast::api
