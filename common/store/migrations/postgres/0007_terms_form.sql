-- SPDX-License-Identifier: Apache-2.0
-- Which form the terms of a chunk have (search::kTermsForm). `migrate` makes those of an older one
-- again; until then the chunk is found by them as it was. Workers of the release before go on
-- writing the first form.
ALTER TABLE holdfast.chunk ADD COLUMN terms_form smallint NOT NULL DEFAULT 1;
DROP INDEX holdfast.chunk_without_terms;
CREATE INDEX chunk_of_older_form ON holdfast.chunk(id) WHERE terms_form < 2;
