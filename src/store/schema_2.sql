-- The schema of control.sqlite. What it promises, it promises to every client of the file, not only
-- to this program: rows of the log are never changed or deleted, records have no gaps, and an
-- action takes only the steps that the table `edge` holds, each at most once.

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

-- One narrow row per record: its time, and what its action is about. All columns repeat what the
-- leaves say, and verification compares them.
CREATE TABLE entry (
    seq         INTEGER PRIMARY KEY REFERENCES leaf (seq) DEFERRABLE INITIALLY DEFERRED,
    at_ms       INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT,
    action      BLOB CHECK (action IS NULL OR length(action) = 16),
    action_kind TEXT,
    node        TEXT
) STRICT;

-- `seq` is the last column of every index without being named, so paging by key reads no table row.
CREATE INDEX entry_by_action ON entry (action) WHERE action IS NOT NULL;
CREATE INDEX entry_by_time ON entry (at_ms);
CREATE INDEX entry_of_keys ON entry (seq)
    WHERE kind IN ('boot', 'log_key_rotated', 'founded', 'restored');
-- Every append asks whether a freeze stands. SQLite takes a partial index for the very same condition.
CREATE INDEX entry_of_freezes ON entry (seq) WHERE kind = 'frozen';
CREATE INDEX entry_of_ends_of_freezes ON entry (seq) WHERE kind = 'unfrozen';

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

-- What the log is searched by: per record the words of its text, and terms such as `actor=alice`.
-- Any number of conditions are met by walking their lists of records side by side. The marks are
-- part of terms; no word has one. `entry_index_term` shows what is in it, for verification.
CREATE VIRTUAL TABLE entry_index USING fts5 (
    terms, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '=-._@'"
);
CREATE VIRTUAL TABLE entry_index_term USING fts5vocab (entry_index, instance);

-- The record itself, as it was hashed.
CREATE TABLE leaf (
    seq   INTEGER PRIMARY KEY REFERENCES entry (seq),
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 65535)
) STRICT;

-- What is too big for a record, under the hash of its uncompressed bytes. `seq` is the first record
-- that names it. Encoding 0 is plain, 1 is zstd.
CREATE TABLE blob (
    sha256   BLOB PRIMARY KEY NOT NULL CHECK (length(sha256) = 32),
    seq      INTEGER NOT NULL REFERENCES entry (seq),
    encoding INTEGER NOT NULL CHECK (encoding IN (0, 1)),
    raw_len  INTEGER NOT NULL CHECK (raw_len >= 0),
    data     BLOB NOT NULL
) STRICT;
CREATE INDEX blob_by_seq ON blob (seq);

-- The full tiles of the Merkle tree over the leaves: 256 hashes side by side. Level 0 holds the hashes
-- of leaves, each higher level the roots of the tiles below it. What is at the right edge of the tree
-- is not stored: it follows from the leaves and roots that are in no tile yet.
CREATE TABLE tile (
    level  INTEGER NOT NULL CHECK (level BETWEEN 0 AND 6),
    idx    INTEGER NOT NULL CHECK (idx >= 0),
    root   BLOB NOT NULL CHECK (length(root) = 32),
    hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, idx)
) STRICT;

-- Signed heads of the log: a note says that the first `size` records had this root. Each transaction
-- that appends records stores the head of all of them.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL
) STRICT;

-- The freeze that stands: the one record that declared it and that no later record lifted. It is read
-- from the two indexes above, so there is nothing beside the records that could differ from them.
CREATE VIEW freeze AS
    SELECT seq FROM entry
    WHERE kind = 'frozen' AND seq > coalesce(
        (SELECT seq FROM entry WHERE kind = 'unfrozen' ORDER BY seq DESC LIMIT 1), -1)
    ORDER BY seq DESC LIMIT 1;

-- The steps that exist. 0 is "no record of this action yet". The ledger compares these rows with
-- `Stage::next` whenever it opens.
CREATE TABLE edge (
    f INTEGER NOT NULL,
    t INTEGER NOT NULL,
    PRIMARY KEY (f, t)
) STRICT, WITHOUT ROWID;
INSERT INTO edge (f, t) VALUES
    (0, 1),                             -- none       -> requested
    (1, 2), (1, 3),                     -- requested  -> explained, rejected
    (2, 4), (2, 5), (2, 6),             -- explained  -> confirmed, withdrawn, stale
    (2, 14),                            -- explained  -> first confirmed
    (14, 4), (14, 5), (14, 6),          -- first confirmed -> confirmed, withdrawn, stale
    (4, 7), (4, 11), (4, 13),           -- confirmed  -> dispatched, voided, found not executed
    (7, 8), (7, 9), (7, 10), (7, 11),   -- dispatched -> executed, refused, unknown, voided
    (7, 12), (7, 13),                   -- dispatched -> found executed, found not executed
    (10, 8), (10, 11),                  -- unknown    -> executed, voided
    (10, 12), (10, 13);                 -- unknown    -> found executed, found not executed

-- The steps that were taken. The steps form no circle, so a stage is left at most once: one
-- confirmation, one dispatch, one outcome per action (C7.1).
CREATE TABLE transition (
    action BLOB NOT NULL CHECK (length(action) = 16),
    f      INTEGER NOT NULL,
    t      INTEGER NOT NULL,
    seq    INTEGER NOT NULL UNIQUE REFERENCES entry (seq),
    prev   INTEGER GENERATED ALWAYS AS (nullif(f, 0)) VIRTUAL,
    PRIMARY KEY (action, f),
    UNIQUE (action, t),
    FOREIGN KEY (f, t) REFERENCES edge (f, t),
    FOREIGN KEY (action, prev) REFERENCES transition (action, t)
) STRICT, WITHOUT ROWID;

-- The actions that are confirmed, dispatched or unknown: an index over `transition`, kept by its
-- triggers and compared by verification.
CREATE TABLE open_action (
    action BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

-- An account has a password, or a row in `identity`: then a provider says who signs in with it.
CREATE TABLE account (
    name       TEXT PRIMARY KEY NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('observer', 'operator', 'auditor')),
    password   TEXT,
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Who signs in with an account, by the word of a provider of OpenID Connect.
CREATE TABLE identity (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL UNIQUE REFERENCES account (name),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

-- Of a session, a token and a link only the hash of the secret is kept.
CREATE TABLE session (
    sha256       BLOB PRIMARY KEY NOT NULL CHECK (length(sha256) = 32),
    account      TEXT NOT NULL REFERENCES account (name),
    means        TEXT NOT NULL CHECK (means IN ('password', 'setup_link', 'openid', 'proxy')),
    created_ms   INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    revoked_ms   INTEGER,
    -- When the person behind it last proved who they are, and how, where that is known.
    proved_ms    INTEGER,
    proved_by    TEXT CHECK (proved_by IN ('sign_in', 'provider', 'password')),
    CHECK ((proved_ms IS NULL) = (proved_by IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account, created_ms);

CREATE TABLE token (
    sha256     BLOB PRIMARY KEY NOT NULL CHECK (length(sha256) = 32),
    name       TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;

-- A link for a stakeholder, and the one session that it is exchanged for: one row, so that revoking
-- the link ends the session. `shows` is the one action that it shows.
CREATE TABLE link (
    id         BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name       TEXT NOT NULL UNIQUE,
    shows      BLOB CHECK (shows IS NULL OR length(shows) = 16),
    issued_by  TEXT NOT NULL REFERENCES account (name),
    sha256     BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL CHECK (expires_ms > created_ms),
    session    BLOB UNIQUE CHECK (session IS NULL OR length(session) = 32),
    used_ms    INTEGER,
    ended_ms   INTEGER CHECK (ended_ms IS NULL OR session IS NOT NULL),
    revoked_ms INTEGER,
    CHECK ((session IS NULL) = (used_ms IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE setup_link (
    one       INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
    sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
    issued_ms INTEGER NOT NULL
) STRICT;

-- Nothing in the log is changed or deleted (C9.2).
CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER leaf_update BEFORE UPDATE ON leaf
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;
CREATE TRIGGER leaf_delete BEFORE DELETE ON leaf
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;
CREATE TRIGGER blob_update BEFORE UPDATE ON blob
BEGIN SELECT RAISE(ABORT, 'blob is append-only'); END;
CREATE TRIGGER blob_delete BEFORE DELETE ON blob
BEGIN SELECT RAISE(ABORT, 'blob is append-only'); END;
CREATE TRIGGER transition_update BEFORE UPDATE ON transition
BEGIN SELECT RAISE(ABORT, 'transition is append-only'); END;
CREATE TRIGGER transition_delete BEFORE DELETE ON transition
BEGIN SELECT RAISE(ABORT, 'transition is append-only'); END;
CREATE TRIGGER tile_update BEFORE UPDATE ON tile
BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;
CREATE TRIGGER tile_delete BEFORE DELETE ON tile
BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER edge_insert BEFORE INSERT ON edge
BEGIN SELECT RAISE(ABORT, 'edge is fixed'); END;
CREATE TRIGGER edge_update BEFORE UPDATE ON edge
BEGIN SELECT RAISE(ABORT, 'edge is fixed'); END;
CREATE TRIGGER edge_delete BEFORE DELETE ON edge
BEGIN SELECT RAISE(ABORT, 'edge is fixed'); END;

-- A removed account stays removed, and its name is given to nobody else.
CREATE TRIGGER account_update BEFORE UPDATE ON account
WHEN OLD.removed_ms IS NOT NULL OR NEW.name IS NOT OLD.name
BEGIN SELECT RAISE(ABORT, 'a removed account stays removed'); END;
CREATE TRIGGER account_delete BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'an account is kept'); END;

-- An account belongs to one person for good.
CREATE TRIGGER identity_update BEFORE UPDATE ON identity
BEGIN SELECT RAISE(ABORT, 'an identity keeps its account'); END;
CREATE TRIGGER identity_delete BEFORE DELETE ON identity
BEGIN SELECT RAISE(ABORT, 'an identity keeps its account'); END;
CREATE TRIGGER identity_once BEFORE INSERT ON identity
WHEN EXISTS (SELECT 1 FROM identity
             WHERE (issuer, subject) = (NEW.issuer, NEW.subject) OR account = NEW.account)
BEGIN SELECT RAISE(ABORT, 'an identity keeps its account'); END;

-- A link is used once and revoked once, is never given back, and shows what it was issued for.
CREATE TRIGGER link_update BEFORE UPDATE ON link
WHEN OLD.session IS NOT NULL AND NEW.session IS NOT OLD.session
    OR OLD.used_ms IS NOT NULL AND NEW.used_ms IS NOT OLD.used_ms
    OR OLD.ended_ms IS NOT NULL AND NEW.ended_ms IS NOT OLD.ended_ms
    OR OLD.revoked_ms IS NOT NULL
    OR (NEW.id, NEW.name, NEW.shows, NEW.issued_by, NEW.sha256, NEW.created_ms, NEW.expires_ms)
        IS NOT
       (OLD.id, OLD.name, OLD.shows, OLD.issued_by, OLD.sha256, OLD.created_ms, OLD.expires_ms)
BEGIN SELECT RAISE(ABORT, 'a link is used once and ends once'); END;
CREATE TRIGGER link_delete BEFORE DELETE ON link
BEGIN SELECT RAISE(ABORT, 'a link is kept'); END;

-- INSERT OR REPLACE deletes without a delete trigger unless a client asks for it, so an insert over
-- an existing row is refused where it begins.
CREATE TRIGGER entry_dense BEFORE INSERT ON entry
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM entry)
BEGIN SELECT RAISE(ABORT, 'entry.seq is not dense'); END;
CREATE TRIGGER leaf_once BEFORE INSERT ON leaf
WHEN EXISTS (SELECT 1 FROM leaf WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'leaf is append-only'); END;
CREATE TRIGGER blob_once BEFORE INSERT ON blob
WHEN EXISTS (SELECT 1 FROM blob WHERE sha256 = NEW.sha256)
BEGIN SELECT RAISE(ABORT, 'blob is append-only'); END;
CREATE TRIGGER transition_once BEFORE INSERT ON transition
WHEN EXISTS (SELECT 1 FROM transition
             WHERE seq = NEW.seq OR (action = NEW.action AND (f = NEW.f OR t = NEW.t)))
BEGIN SELECT RAISE(ABORT, 'an action takes a step once'); END;

-- A tile is stored once, in order, when it is full and not later: the next leaf needs it.
CREATE TRIGGER tile_dense BEFORE INSERT ON tile
WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM tile WHERE level = NEW.level)
BEGIN SELECT RAISE(ABORT, 'tile.idx is not dense'); END;
CREATE TRIGGER tile_full BEFORE INSERT ON tile
WHEN (NEW.idx + 1) << (8 * (NEW.level + 1)) > (SELECT coalesce(max(seq) + 1, 0) FROM leaf)
BEGIN SELECT RAISE(ABORT, 'a tile holds leaves that are there'); END;
CREATE TRIGGER leaf_tiled BEFORE INSERT ON leaf
WHEN NEW.seq > 0 AND NEW.seq % 256 = 0
    AND NOT EXISTS (SELECT 1 FROM tile WHERE level = 0 AND idx = NEW.seq / 256 - 1)
BEGIN SELECT RAISE(ABORT, 'the tile before the leaf is missing'); END;
CREATE TRIGGER checkpoint_order BEFORE INSERT ON checkpoint
WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoint)
    OR NEW.size > (SELECT coalesce(max(seq) + 1, 0) FROM leaf)
BEGIN SELECT RAISE(ABORT, 'a checkpoint is of leaves that are there, in order'); END;

-- A step belongs to the newest record, and to the action that this record names.
CREATE TRIGGER transition_record BEFORE INSERT ON transition
WHEN (SELECT max(seq) FROM entry) IS NOT NEW.seq
    OR (SELECT action FROM entry WHERE seq = NEW.seq) IS NOT NEW.action
BEGIN SELECT RAISE(ABORT, 'a step belongs to the record of its action'); END;

-- A freeze is declared while none stands and lifted while one does. While it stands no action is
-- explained as possible or confirmed; one that is confirmed already goes on to its end.
CREATE TRIGGER entry_frozen BEFORE INSERT ON entry
WHEN NEW.kind = 'frozen' AND EXISTS (SELECT 1 FROM freeze)
BEGIN SELECT RAISE(ABORT, 'a freeze stands'); END;
CREATE TRIGGER entry_unfrozen BEFORE INSERT ON entry
WHEN NEW.kind = 'unfrozen' AND NOT EXISTS (SELECT 1 FROM freeze)
BEGIN SELECT RAISE(ABORT, 'no freeze stands'); END;
CREATE TRIGGER transition_frozen BEFORE INSERT ON transition
WHEN NEW.t IN (2, 4, 14) AND EXISTS (SELECT 1 FROM freeze)
BEGIN SELECT RAISE(ABORT, 'a freeze stands'); END;

-- What was confirmed by one of two operators is confirmed by another one: the second record has
-- somebody in it, and not the first again.
CREATE TRIGGER transition_second_operator BEFORE INSERT ON transition
WHEN NEW.f = 14 AND NEW.t = 4
    AND coalesce((SELECT actor FROM entry WHERE seq = NEW.seq), '') IN (
        SELECT '' UNION ALL
        SELECT coalesce(entry.actor, '') FROM transition AS first JOIN entry ON entry.seq = first.seq
        WHERE first.action = NEW.action AND first.t = 14)
BEGIN SELECT RAISE(ABORT, 'a second operator confirms it'); END;

-- One action at a time (C4.3). A failover alone may be confirmed beside an action that has no
-- outcome: where settling needs a primary and there is none, nothing else could ever end it.
CREATE TRIGGER transition_one_open BEFORE INSERT ON transition
WHEN NEW.t = 4 AND EXISTS (SELECT 1 FROM open_action)
    AND (SELECT json_extract(CAST(leaf.bytes AS TEXT), '$.entry.action.kind')
         FROM transition AS asked JOIN leaf ON leaf.seq = asked.seq
         WHERE asked.action = NEW.action AND asked.f = 0) IS NOT 'failover'
BEGIN SELECT RAISE(ABORT, 'another action is open'); END;
CREATE TRIGGER transition_opens AFTER INSERT ON transition WHEN NEW.t = 4
BEGIN INSERT INTO open_action (action) VALUES (NEW.action); END;
CREATE TRIGGER transition_closes AFTER INSERT ON transition
WHEN NEW.f IN (4, 7, 10) AND NEW.t NOT IN (4, 7, 10)
BEGIN DELETE FROM open_action WHERE action = NEW.action; END;
