-- Takes a file of version 1 to version 2. What it makes has the very words of schema.sql: the result is
-- compared with it. A column is never added to a table, because SQLite would keep other words.

-- What this file is: one row. `file_id` is its own, and stands in the seal beside it. `commits` counts
-- the transactions that wrote: the seal repeats it, so a file that lost some is told from a whole one.
-- From `heads_from` records on each commit stores the signed head of all records; before that are
-- the records of a version that signed one commit later.
CREATE TABLE store (
    one        INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
    file_id    TEXT NOT NULL CHECK (length(file_id) = 32),
    commits    INTEGER NOT NULL CHECK (commits >= 0),
    heads_from INTEGER NOT NULL CHECK (heads_from >= 0)
) STRICT;
CREATE TRIGGER store_update BEFORE UPDATE ON store
WHEN NEW.commits <= OLD.commits
    OR (NEW.one, NEW.file_id, NEW.heads_from) IS NOT (OLD.one, OLD.file_id, OLD.heads_from)
BEGIN SELECT RAISE(ABORT, 'store.commits only grows'); END;
CREATE TRIGGER store_delete BEFORE DELETE ON store
BEGIN SELECT RAISE(ABORT, 'store is kept'); END;
CREATE TRIGGER store_once BEFORE INSERT ON store
WHEN EXISTS (SELECT 1 FROM store)
BEGIN SELECT RAISE(ABORT, 'store is kept'); END;

-- A clock that was set back is recorded as it read.
DROP TRIGGER entry_time;

-- Records at which the clock read less than at the record before. Between two of them times only grow,
-- so what lies in a window of time is found without reading the log.
CREATE TABLE clock_back (
    seq INTEGER PRIMARY KEY REFERENCES entry (seq)
) STRICT;
CREATE TRIGGER entry_clock AFTER INSERT ON entry
WHEN NEW.at_ms < (SELECT at_ms FROM entry WHERE seq = NEW.seq - 1)
BEGIN INSERT INTO clock_back (seq) VALUES (NEW.seq); END;
CREATE TRIGGER clock_back_insert BEFORE INSERT ON clock_back
WHEN NOT EXISTS (SELECT 1 FROM entry JOIN entry AS before ON before.seq = entry.seq - 1
                 WHERE entry.seq = NEW.seq AND entry.at_ms < before.at_ms)
BEGIN SELECT RAISE(ABORT, 'the clock did not go back there'); END;
CREATE TRIGGER clock_back_update BEFORE UPDATE ON clock_back
BEGIN SELECT RAISE(ABORT, 'clock_back is append-only'); END;
CREATE TRIGGER clock_back_delete BEFORE DELETE ON clock_back
BEGIN SELECT RAISE(ABORT, 'clock_back is append-only'); END;

DROP INDEX entry_of_keys;
CREATE INDEX entry_of_keys ON entry (seq)
    WHERE kind IN ('boot', 'log_key_rotated', 'founded', 'restored');
