-- SPDX-License-Identifier: Apache-2.0
-- Requests that their sender may repeat (Idempotency-Key), with the answer that the first one got.
-- A row is written in the transaction that stores the document, and outlives the document.
CREATE TABLE idempotency(
  scope TEXT NOT NULL,               -- whose key it is
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,         -- of what was asked for
  document_id TEXT NOT NULL,
  job_id INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY(scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency(expires_at);
