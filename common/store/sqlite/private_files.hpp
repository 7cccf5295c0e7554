// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of a database, told from what somebody else may have put in their places. The state
// directory is the workers' account's, and root opens the database in it: SQLite would write to
// another file, or give it to the database's owner, if that were linked there.
//
// Threads: any. What is linked while SQLite opens the files is not seen.

#include "common/base/result.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

// Where the database is: real_path(). PermissionDenied if a link that leads there is another user's
// than us or root, unless it is to a file of that user's.
Result<std::filesystem::path> trusted_path(const std::filesystem::path& database);

// PermissionDenied if the log, its index, the journal or the write lock of the database, whose path
// is a trusted one, is a link or another user's file (see open_plain_file()); the database too if
// it is to be `written`.
Result<void> refuse_planted_files(const std::filesystem::path& real, bool written);

// Makes the database if there is none, and takes from others what they may do with these files.
Result<void> keep_private(const std::filesystem::path& real);

}  // namespace holdfast::store::sqlite
