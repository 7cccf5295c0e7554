// SPDX-License-Identifier: Apache-2.0
#pragma once

// The worker's RedisStore as configured. Threads: the event loop's.

#include "api-worker/edge/offload.hpp"
#include "api-worker/rate_limit/redis_store.hpp"
#include "common/worker/runtime.hpp"

#include <memory>

namespace holdfast::api {

// Null without rate_limit.redis_url. Host names are resolved on `offload`, which stops first.
std::unique_ptr<RedisStore> make_redis_store(worker::Context& context, Offload& offload);

}  // namespace holdfast::api
