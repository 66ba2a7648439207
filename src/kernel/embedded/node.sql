-- One node: its place in the cluster, its log, and the state machine that the log builds.

CREATE TABLE node (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  format         INTEGER NOT NULL CHECK (format = 4),
  cluster_id     TEXT    NOT NULL,
  number         INTEGER NOT NULL CHECK (number >= 1),
  -- How many nodes the founding made; later ones have higher numbers.
  voters         INTEGER NOT NULL CHECK (voters >= 1),
  -- The promises that Raft calls hard state.
  epoch          INTEGER NOT NULL DEFAULT 0,
  vote           INTEGER NOT NULL DEFAULT 0,
  committed      INTEGER NOT NULL DEFAULT 0,
  -- How far the tables below are built; written in the transaction that builds them.
  applied        INTEGER NOT NULL DEFAULT 0 CHECK (applied <= committed),
  fence          TEXT    NOT NULL DEFAULT 'lifted' CHECK (fence IN ('lifted', 'standing')),
  fence_since    INTEGER,
  -- The last entry that was given back, or that came with the whole state; the log begins after it.
  purged         INTEGER NOT NULL DEFAULT 0 CHECK (purged <= applied),
  purged_epoch   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The copy of the state machine that this node keeps: an image, cut into its frames.
CREATE TABLE checkpoint (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  position       INTEGER NOT NULL,
  epoch          INTEGER NOT NULL,
  digest         BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE checkpoint_frames (
  number         INTEGER PRIMARY KEY,
  frame          BLOB    NOT NULL
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

-- What the log says about the disk of each node: how far its checkpoint reaches, and what it gave
-- back. The same on every node, so that an order about one of them is judged alike by all.
CREATE TABLE storage (
  node           TEXT    PRIMARY KEY,
  checkpoint     INTEGER NOT NULL,
  checkpoint_at  INTEGER NOT NULL,
  purged         INTEGER NOT NULL CHECK (purged <= checkpoint)
) STRICT;

-- What happened by the log: at most one event for an entry.
CREATE TABLE events (
  position       INTEGER PRIMARY KEY,
  epoch          INTEGER NOT NULL,
  event          TEXT    NOT NULL
) STRICT;

-- The members, as of the last entry that changed them.
CREATE TABLE members (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  members        TEXT    NOT NULL
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
