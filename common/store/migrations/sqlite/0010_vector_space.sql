-- SPDX-License-Identifier: Apache-2.0
-- What the vectors of a ready document were made with (provider, model, dimension): they are only
-- compared with others of the same space. Empty: unknown, from before this migration.
ALTER TABLE document ADD COLUMN vector_space TEXT NOT NULL DEFAULT '';
CREATE INDEX document_vector_space ON document(vector_space, seq) WHERE status = 1;
