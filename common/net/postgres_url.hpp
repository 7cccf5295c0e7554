// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether libpq will be able to read a connection URI, told before anything connects and without
// libpq: postgresql://[user[:password]@][host[:port][,…]][/database][?parameter=value&…].
// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
//
// Threads: pure function.

#include "common/base/result.hpp"

#include <string>
#include <string_view>

namespace holdfast::net {

// InvalidArgument, with what is wrong. Errors never repeat the password.
Result<void> check_postgres_url(std::string_view text);

// What people may see of a URL that was checked: "postgresql db.internal:5432/holdfast", with the
// host and the parameters that decide which database is meant, and without the rest.
std::string describe_postgres_url(std::string_view text);

}  // namespace holdfast::net
