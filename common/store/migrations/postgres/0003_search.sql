-- SPDX-License-Identifier: Apache-2.0
-- Full text of our own terms (common/search). Workers of the release before go on writing `words`;
-- `migrate` makes the terms of their chunks, and of those that are there already.
ALTER TABLE holdfast.chunk ADD COLUMN terms tsvector NOT NULL DEFAULT '';
ALTER TABLE holdfast.chunk ALTER COLUMN words SET DEFAULT '';
CREATE INDEX chunk_terms ON holdfast.chunk USING gin(terms) WITH (fastupdate = off);
CREATE INDEX chunk_without_terms ON holdfast.chunk(id) WHERE terms = ''::tsvector;

-- Values of metadata, by which a search can be narrowed: those of the version that is found.
CREATE TABLE holdfast.document_label(
  document bigint NOT NULL REFERENCES holdfast.document(seq) ON DELETE CASCADE,
  name text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY(name, value, document)
);
CREATE INDEX document_label_document ON holdfast.document_label(document);
