// SPDX-License-Identifier: Apache-2.0
#pragma once

// A write that is tried, to find out whether any can be done: takes the lock of a writer on every
// table that is written to, needs the privileges for it, and puts a row as large as a document on
// the disk. All of it is undone. Waits for no lock for long: readers use the connection, too.
//
// Threads: the connection's.

#include "common/store/postgres/connection.hpp"

#include <optional>

namespace holdfast::store::postgres {

// Why it failed; nothing if it did not.
std::optional<ExchangeError> probe_write(PgConnection& connection);

}  // namespace holdfast::store::postgres
