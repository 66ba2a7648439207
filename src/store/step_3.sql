-- Takes a file of version 2 to version 3. What it makes has the very words of schema.sql: the result is
-- compared with it.

-- What the kernel of this file calls the way out: the kinds of actions that may be confirmed beside one
-- that has no outcome. Where settling needs a primary and there is none, nothing else could ever end
-- it. A start of the control plane writes it; where it is empty there is no way out.
CREATE TABLE way_out (
    kind TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

-- One action at a time (C4.3), but for the way out.
DROP TRIGGER transition_one_open;
CREATE TRIGGER transition_one_open BEFORE INSERT ON transition
WHEN NEW.t = 4 AND EXISTS (SELECT 1 FROM open_action)
    AND NOT EXISTS (
        SELECT 1 FROM transition AS asked JOIN leaf ON leaf.seq = asked.seq
        JOIN way_out ON way_out.kind = json_extract(CAST(leaf.bytes AS TEXT), '$.entry.action.kind')
        WHERE asked.action = NEW.action AND asked.f = 0)
BEGIN SELECT RAISE(ABORT, 'another action is open'); END;
