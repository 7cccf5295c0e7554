-- SPDX-License-Identifier: Apache-2.0
-- Which API key a key has come from by rotation, through all steps: to its holders they are one
-- key. Null: it is the first.
ALTER TABLE holdfast.api_key ADD COLUMN lineage text;
