-- SPDX-License-Identifier: Apache-2.0
-- Full text of our own terms (common/search), which are words already: the tokenizer only takes them
-- apart at the blanks. `migrate` fills it for the chunks that are there.
DROP TRIGGER chunk_added;
DROP TRIGGER chunk_removed;
DROP TABLE chunk_fts;
CREATE VIRTUAL TABLE chunk_terms USING fts5(title, text, tokenize = "ascii tokenchars '+#_'");
INSERT INTO chunk_terms(chunk_terms, rank) VALUES('rank', 'bm25(2.0, 1.0)');
CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab(chunk_terms, row);
CREATE TRIGGER chunk_removed AFTER DELETE ON chunk
BEGIN
  DELETE FROM chunk_terms WHERE rowid = old.id;
END;

-- Values of metadata, by which a search can be narrowed: those of the version that is found.
CREATE TABLE document_label(
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  document INTEGER NOT NULL REFERENCES document(seq) ON DELETE CASCADE,
  PRIMARY KEY(name, value, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_label_document ON document_label(document);
