-- What this control plane keeps of a PostgreSQL cluster beside the cluster itself: which orders it sent and
-- what came of them, since when nodes do not answer, and what happened.

CREATE TABLE journal (
  one               INTEGER PRIMARY KEY CHECK (one = 1),
  format            INTEGER NOT NULL CHECK (format = 1),
  -- Tells the sessions of this control plane from those of another one: eight hexadecimal digits.
  instance          TEXT    NOT NULL CHECK (length(instance) = 8),
  -- What all nodes of the cluster have in common.
  system_identifier TEXT    NOT NULL,
  made_at           INTEGER NOT NULL
) STRICT;

-- Every order that is about to be sent, before it is sent. An id that is absent never was.
CREATE TABLE orders (
  action_id         BLOB    PRIMARY KEY CHECK (length(action_id) = 16),
  state             TEXT    NOT NULL CHECK (state IN ('accepted', 'executed', 'refused', 'voided')),
  -- The order, with where it runs and what was there before; absent where the id was voided unseen.
  sent              TEXT,
  at                INTEGER NOT NULL,
  answer            TEXT,
  CHECK ((state = 'accepted') = (answer IS NULL)),
  CHECK (sent IS NOT NULL OR state = 'voided')
) STRICT;

-- How far the cluster ever was, as far as this control plane knows. A node that is lost takes its word with it.
CREATE TABLE highest (
  one               INTEGER PRIMARY KEY CHECK (one = 1),
  timeline          INTEGER NOT NULL,
  contract_ended    INTEGER NOT NULL
) STRICT;
INSERT INTO highest (one, timeline, contract_ended) VALUES (1, 0, 0);

-- Since when a node does not answer: the first look that failed.
CREATE TABLE unanswered (
  node              TEXT    PRIMARY KEY,
  since             INTEGER NOT NULL,
  why               TEXT    NOT NULL
) STRICT;

-- What happened. The order is that of the key, never that of the times.
CREATE TABLE events (
  timeline          INTEGER NOT NULL,
  position          INTEGER NOT NULL,
  number            INTEGER NOT NULL CHECK (number >= 1),
  event             TEXT    NOT NULL,
  PRIMARY KEY (timeline, position, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER highest_grows BEFORE UPDATE ON highest
  WHEN new.timeline < old.timeline OR new.contract_ended < old.contract_ended
  BEGIN SELECT RAISE(ABORT, 'what was known is not forgotten'); END;
CREATE TRIGGER highest_stays BEFORE DELETE ON highest
  BEGIN SELECT RAISE(ABORT, 'what was known is not forgotten'); END;
CREATE TRIGGER events_stay_1 BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'an event stays'); END;
CREATE TRIGGER events_stay_2 BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'an event stays'); END;
CREATE TRIGGER orders_stay BEFORE DELETE ON orders
  BEGIN SELECT RAISE(ABORT, 'an order stays'); END;
-- What was refused never ran, so it can be voided too; every other end is the last one.
CREATE TRIGGER orders_end_once BEFORE UPDATE ON orders
  WHEN old.state NOT IN ('accepted', 'refused') OR (old.state = 'refused' AND new.state <> 'voided')
  BEGIN SELECT RAISE(ABORT, 'an order ends once'); END;
