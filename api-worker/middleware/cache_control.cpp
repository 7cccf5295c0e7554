// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/cache_control.hpp"

namespace holdfast::api {

void CacheControl::on_response(Context&, http::Response& response) {
  if (response.headers.find("Cache-Control") == nullptr) {
    response.headers.add("Cache-Control", "no-store");
  }
}

}  // namespace holdfast::api
