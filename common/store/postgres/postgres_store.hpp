// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server engine: PostgreSQL, shared by any number of hosts. One writer thread and connection
// per process, a pool of others for reads beside it, and one that listens in queue workers.

#include "common/store/postgres/connection.hpp"
#include "common/store/store.hpp"

#include <memory>

namespace holdfast::store::postgres {

// The server must be there, with a schema that this binary can work with. Later outages are
// answered with Unavailable. `clock` outlives the store.
Result<std::unique_ptr<Store>> open_postgres_store(const Endpoint& endpoint,
                                                   const OpenOptions& options, const Clock& clock);

}  // namespace holdfast::store::postgres
