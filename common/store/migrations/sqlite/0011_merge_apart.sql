-- SPDX-License-Identifier: Apache-2.0
-- The index of terms is merged in steps of its own. Merged by FTS5 within the commits that add to
-- it, it made one of a few take twenty milliseconds, with the lock of all writers held.
INSERT INTO chunk_terms(chunk_terms, rank) VALUES('automerge', 0);
