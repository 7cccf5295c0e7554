-- SPDX-License-Identifier: Apache-2.0
-- API keys. The key itself is kept nowhere: `digest` is its SHA-256, and 256 random bits need no
-- salt and no slow hash.
CREATE TABLE api_key(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  digest BLOB NOT NULL CHECK(length(digest) = 32),
  scope INTEGER NOT NULL CHECK(scope BETWEEN 1 AND 3),   -- 1 read, 2 write, 3 admin
  rate_limit INTEGER CHECK(rate_limit > 0),              -- null: the configuration's
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
