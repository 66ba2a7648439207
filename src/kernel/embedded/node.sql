-- One node: its place in the cluster, its log, and the state machine that the log builds.

CREATE TABLE node (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  format         INTEGER NOT NULL CHECK (format = 1),
  cluster_id     TEXT    NOT NULL,
  number         INTEGER NOT NULL CHECK (number >= 1),
  voters         INTEGER NOT NULL CHECK (voters >= number),
  -- The promises that Raft calls hard state.
  epoch          INTEGER NOT NULL DEFAULT 0,
  vote           INTEGER NOT NULL DEFAULT 0,
  committed      INTEGER NOT NULL DEFAULT 0,
  -- How far the tables below are built; written in the transaction that builds them.
  applied        INTEGER NOT NULL DEFAULT 0 CHECK (applied <= committed),
  fence          TEXT    NOT NULL DEFAULT 'lifted' CHECK (fence IN ('lifted', 'standing')),
  fence_since    INTEGER
) STRICT;

CREATE TABLE log (
  position       INTEGER PRIMARY KEY CHECK (position >= 1),
  epoch          INTEGER NOT NULL,
  kind           INTEGER NOT NULL,
  data           BLOB    NOT NULL,
  context        BLOB    NOT NULL
) STRICT;

CREATE TABLE kv (
  key            TEXT    PRIMARY KEY,
  value          BLOB    NOT NULL,
  position       INTEGER NOT NULL
) STRICT;

CREATE TABLE epochs (
  epoch          INTEGER PRIMARY KEY,
  primary_node   TEXT    NOT NULL,
  first_position INTEGER NOT NULL,
  began_at       INTEGER NOT NULL,
  action_id      BLOB
) STRICT;

CREATE TABLE birth (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  cluster_id     TEXT    NOT NULL,
  founded_at     INTEGER NOT NULL,
  sentence       TEXT    NOT NULL
) STRICT;

CREATE TABLE receipts (
  action_id      BLOB    PRIMARY KEY CHECK (length(action_id) = 16),
  receipt        TEXT    NOT NULL
) STRICT;

CREATE TABLE voided (
  action_id      BLOB    PRIMARY KEY CHECK (length(action_id) = 16),
  tombstone      TEXT    NOT NULL
) STRICT;

-- Entries of the log that had no effect when their turn came.
CREATE TABLE refused_late (
  position       INTEGER PRIMARY KEY,
  action_id      BLOB    NOT NULL,
  refusal        TEXT    NOT NULL
) STRICT;

CREATE TRIGGER receipts_stay_1 BEFORE UPDATE ON receipts
  BEGIN SELECT RAISE(ABORT, 'a receipt stays'); END;
CREATE TRIGGER receipts_stay_2 BEFORE DELETE ON receipts
  BEGIN SELECT RAISE(ABORT, 'a receipt stays'); END;
CREATE TRIGGER voided_stay_1 BEFORE UPDATE ON voided
  BEGIN SELECT RAISE(ABORT, 'a void id stays'); END;
CREATE TRIGGER voided_stay_2 BEFORE DELETE ON voided
  BEGIN SELECT RAISE(ABORT, 'a void id stays'); END;
CREATE TRIGGER void_or_executed BEFORE INSERT ON receipts
  WHEN EXISTS (SELECT 1 FROM voided WHERE action_id = new.action_id)
  BEGIN SELECT RAISE(ABORT, 'the id is void'); END;
CREATE TRIGGER executed_or_void BEFORE INSERT ON voided
  WHEN EXISTS (SELECT 1 FROM receipts WHERE action_id = new.action_id)
  BEGIN SELECT RAISE(ABORT, 'the id has a receipt'); END;
