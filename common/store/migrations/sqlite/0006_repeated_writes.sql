-- SPDX-License-Identifier: Apache-2.0
-- Any write may be repeated, not only the creation of a document: `version` is that of a replaced
-- one, and `answer` what a batch got for its documents.
ALTER TABLE idempotency ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE idempotency ADD COLUMN answer TEXT NOT NULL DEFAULT '';
