-- SPDX-License-Identifier: Apache-2.0
-- Which form the terms of a chunk have (search::kTermsForm). `migrate` makes those of an older one
-- again; until then the chunk is found by them as it was.
ALTER TABLE chunk ADD COLUMN terms_form INTEGER NOT NULL DEFAULT 1;
-- The form is behind the text and the vector of a row: without an index each start would read them all.
CREATE INDEX chunk_of_older_form ON chunk(id) WHERE terms_form < 2;
