-- SPDX-License-Identifier: Apache-2.0
-- The chunks of a large document are written, and deleted, in many short transactions, so that
-- other writers get their turn in between. What one claim of one job has written is a set; a
-- document names the set that is shown, and the sets that are not are in hidden_chunks until they
-- have been deleted.
ALTER TABLE document ADD COLUMN chunks_job INTEGER NOT NULL DEFAULT 0;   -- 0: none is shown
ALTER TABLE document ADD COLUMN chunks_fence INTEGER NOT NULL DEFAULT 0;
UPDATE document SET (chunks_job, chunks_fence) =
  (SELECT job_id, fence FROM chunk WHERE chunk.document = document.seq LIMIT 1)
  WHERE EXISTS(SELECT 1 FROM chunk WHERE chunk.document = document.seq);

-- A claim that runs writes into its set; any other set here is waste.
CREATE TABLE hidden_chunks(
  document INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  PRIMARY KEY(document, job_id, fence)
) STRICT, WITHOUT ROWID;

-- The same columns. Several sets of one document may exist, and a set may outlive its document.
CREATE TABLE chunk_of_set(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL,         -- document.seq, which is never reused
  ordinal INTEGER NOT NULL,
  begin_byte INTEGER NOT NULL,
  end_byte INTEGER NOT NULL,
  job_id INTEGER NOT NULL,           -- the set: which claim of which job wrote it
  fence INTEGER NOT NULL,
  vector BLOB NOT NULL,              -- float32, little endian, unit length
  title TEXT NOT NULL,               -- as indexed: the index needs the old words to forget them
  text TEXT NOT NULL,
  UNIQUE(document, job_id, fence, ordinal)
) STRICT;
INSERT INTO chunk_of_set(id, document, ordinal, begin_byte, end_byte, job_id, fence, vector, title,
                         text)
  SELECT id, document, ordinal, begin_byte, end_byte, job_id, fence, vector, title, text FROM chunk;
DROP TABLE chunk;
ALTER TABLE chunk_of_set RENAME TO chunk;
CREATE TRIGGER chunk_added AFTER INSERT ON chunk
BEGIN
  INSERT INTO chunk_fts(rowid, title, text) VALUES(new.id, new.title, new.text);
END;
CREATE TRIGGER chunk_removed AFTER DELETE ON chunk
BEGIN
  INSERT INTO chunk_fts(chunk_fts, rowid, title, text)
    VALUES('delete', old.id, old.title, old.text);
END;

-- What a search may find.
CREATE VIEW shown_chunk AS
  SELECT c.* FROM chunk AS c JOIN document AS d
    ON d.seq = c.document AND d.chunks_job = c.job_id AND d.chunks_fence = c.fence;
