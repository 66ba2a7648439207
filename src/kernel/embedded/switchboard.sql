-- What belongs to the cluster and to no node: who it is, which nodes are switched off, which orders
-- were accepted, and since when nobody is primary.

CREATE TABLE cluster (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  format         INTEGER NOT NULL CHECK (format = 3),
  cluster_id     TEXT    NOT NULL,
  name           TEXT    NOT NULL,
  environment    TEXT    NOT NULL,
  nodes          INTEGER NOT NULL,
  founded_at     INTEGER NOT NULL,
  -- Whether the founding is over: n1 was appointed, and the birth record is committed.
  appointed      INTEGER NOT NULL CHECK (appointed IN (0, 1)),
  -- The highest epoch that any node was seen in.
  epoch          INTEGER NOT NULL,
  -- What a majority was last seen to agree on.
  fence          TEXT    NOT NULL CHECK (fence IN ('lifted', 'standing')),
  nobody_since   INTEGER,
  nobody_why     TEXT,
  CHECK ((nobody_since IS NULL) = (nobody_why IS NULL))
) STRICT;

-- The nodes whose files are opened, members or laid out to become one.
CREATE TABLE listed (
  node           INTEGER PRIMARY KEY
) STRICT;

-- The members, as a primary with a majority last knew them.
CREATE TABLE members (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  members        TEXT    NOT NULL
) STRICT;

CREATE TABLE switched_off (
  node           INTEGER PRIMARY KEY,
  since          INTEGER NOT NULL,
  action_id      BLOB    NOT NULL
) STRICT;

-- Every order that passed the kernel's own checks. `settle` looks here: an id that is absent never
-- began.
CREATE TABLE orders (
  action_id      BLOB    PRIMARY KEY CHECK (length(action_id) = 16),
  state          TEXT    NOT NULL CHECK (state IN ('accepted', 'refused', 'voided')),
  action         TEXT,
  expected_epoch INTEGER,
  witness        TEXT,
  at             INTEGER NOT NULL,
  answer         TEXT
) STRICT;

-- Receipts of the actions whose effect is a switch, and copies of those that the log holds: a copy
-- answers a repeated delivery also while no node can be reached.
CREATE TABLE receipts (
  action_id      BLOB    PRIMARY KEY REFERENCES orders,
  receipt        TEXT    NOT NULL
) STRICT;

-- What happened that no log holds. The order is that of the key, never that of the times.
CREATE TABLE events (
  epoch          INTEGER NOT NULL,
  position       INTEGER NOT NULL,
  number         INTEGER NOT NULL CHECK (number >= 1),
  kind           TEXT    NOT NULL,
  node           TEXT,
  event          TEXT    NOT NULL,
  PRIMARY KEY (epoch, position, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_kind ON events (node, kind, epoch, position, number);

CREATE TRIGGER events_stay_1 BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'an event stays'); END;
CREATE TRIGGER events_stay_2 BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'an event stays'); END;
CREATE TRIGGER receipts_stay_1 BEFORE UPDATE ON receipts
  BEGIN SELECT RAISE(ABORT, 'a receipt stays'); END;
CREATE TRIGGER receipts_stay_2 BEFORE DELETE ON receipts
  BEGIN SELECT RAISE(ABORT, 'a receipt stays'); END;
CREATE TRIGGER orders_stay BEFORE DELETE ON orders
  BEGIN SELECT RAISE(ABORT, 'an order stays'); END;
CREATE TRIGGER orders_end_once BEFORE UPDATE ON orders WHEN old.state = 'voided'
  BEGIN SELECT RAISE(ABORT, 'a void id stays void'); END;
