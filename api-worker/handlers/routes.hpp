// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every route of the API worker. Threads: before serving.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

Router make_router(const Services& services);

}  // namespace holdfast::api
