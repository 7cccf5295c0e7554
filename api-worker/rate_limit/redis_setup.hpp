// SPDX-License-Identifier: Apache-2.0
#pragma once

// The worker's RedisStore as it is configured. Threads: the loop's.

#include "api-worker/edge/offload.hpp"
#include "api-worker/rate_limit/redis_store.hpp"
#include "common/worker/runtime.hpp"

#include <memory>

namespace holdfast::api {

// Null without rate_limit.redis_url. Names are looked up on `offload`'s threads, which stop first.
std::unique_ptr<RedisStore> make_redis_store(worker::Context& context, Offload& offload);

}  // namespace holdfast::api
