-- What the file says of itself, written in every save.
CREATE TABLE content (
  one            INTEGER PRIMARY KEY CHECK (one = 1),
  -- How many saves were made; the seal of the file holds the same number.
  saves          INTEGER NOT NULL,
  -- How many saves of every other file of the cluster were known by then, as JSON.
  known          TEXT    NOT NULL,
  -- The sum over the rows of all tables, and over the two columns above.
  sum            BLOB    NOT NULL CHECK (length(sum) = 32)
) STRICT;
