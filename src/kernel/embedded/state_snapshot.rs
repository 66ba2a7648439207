//! The image of a state machine: everything that the log built up to one position, as lines of
//! JSON in zstd frames, with one SHA-256 over the lines.
//!
//! Equal states give equal lines, so two nodes at one position have one digest. An image is read
//! back with the tables of a node as the judge: what they hold afterwards must have the digest of
//! what was read, or nothing of it is kept.

use super::job::ProgressReporter;
use super::membership::Members;
use super::sqlite::{DiskError, Doing};
use super::view::Fence;
use crate::model::ambient::Timestamp;
use crate::model::canonical::{Hash, canonical_json};
use crate::model::progress::Unit;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read};

/// The version of the lines.
const FORMAT: u32 = 1;
/// Bytes of lines in one frame, about: what is held in memory of an image.
const FRAME_BYTES: usize = 256 * 1024;
/// How hard the frames are packed; 3 is zstd's own choice.
const ZSTD_LEVEL: i32 = 3;

/// One table of the state machine: its columns, of which the first is its key, and whether rows may
/// be taken away to make room for those of an image.
struct SnapshotTable {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Rows,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// The rows of an image replace those that are there.
    Replaced,
    /// A row stays for ever: an image can only add some.
    Kept,
}

const TABLES: &[SnapshotTable] = &[
    SnapshotTable { name: "kv", columns: &["key", "value", "position"], rows: Rows::Replaced },
    SnapshotTable {
        name: "epochs",
        columns: &["epoch", "primary_node", "first_position", "began_at", "action_id"],
        rows: Rows::Replaced,
    },
    SnapshotTable {
        name: "birth",
        columns: &["one", "cluster_id", "founded_at", "sentence"],
        rows: Rows::Replaced,
    },
    SnapshotTable { name: "receipts", columns: &["action_id", "receipt"], rows: Rows::Kept },
    SnapshotTable { name: "voided", columns: &["action_id", "tombstone"], rows: Rows::Kept },
    SnapshotTable {
        name: "refused_late",
        columns: &["position", "action_id", "refusal"],
        rows: Rows::Replaced,
    },
    SnapshotTable { name: "members", columns: &["one", "members"], rows: Rows::Replaced },
    SnapshotTable {
        name: "events",
        columns: &["position", "epoch", "event"],
        rows: Rows::Replaced,
    },
    SnapshotTable {
        name: "storage",
        columns: &["node", "checkpoint", "checkpoint_at", "purged"],
        rows: Rows::Replaced,
    },
];

/// The first line of an image: what it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotHeader {
    /// The version of the lines.
    pub format: u32,
    /// The cluster.
    pub cluster_id: String,
    /// The last position that it contains.
    pub position: u64,
    /// The epoch of the entry there.
    pub epoch: u64,
    /// The members.
    pub members: Members,
    /// The write fence.
    pub fence: Fence,
    /// Since when it stands.
    pub fence_since: Option<Timestamp>,
}

impl SnapshotHeader {
    /// An image of this version.
    pub(super) fn new(
        cluster_id: &str,
        (position, epoch): (u64, u64),
        members: Members,
        (fence, fence_since): (Fence, Option<Timestamp>),
    ) -> Self {
        Self {
            format: FORMAT,
            cluster_id: cluster_id.to_owned(),
            position,
            epoch,
            members,
            fence,
            fence_since,
        }
    }
}

/// What is said of an image that was read or written line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// What it is of.
    pub about: SnapshotHeader,
    /// The SHA-256 of its lines.
    pub digest: Hash,
    /// How many bytes they have.
    pub bytes: u64,
}

/// Puts the tables into the state of an image, inside the caller's transaction, and gives what the
/// image is of. Whether they then hold what the image does is judged by whoever packs them again.
///
/// # Errors
/// When the bytes are no image, or their lines have another digest.
pub(super) fn restore(
    db: &Connection,
    packed: impl Read,
    digest: Hash,
) -> Result<SnapshotHeader, DiskError> {
    for table in TABLES.iter().filter(|table| table.rows == Rows::Replaced) {
        let sql = format!("DELETE FROM {}", table.name);
        db.execute(&sql, []).doing("make room for an image")?;
    }
    let lines = read_lines(packed, |line| insert(db, line))?;
    if lines.digest != digest {
        let found = lines.digest;
        return Err(DiskError::corrupt(format!(
            "an image has the digest {found}, and should have {digest}"
        )));
    }
    let about = lines.about;
    let since = about.fence_since.map(Timestamp::millis);
    db.execute(
        "UPDATE node SET fence = ?1, fence_since = ?2",
        rusqlite::params![about.fence.word(), since],
    )
    .doing("set the write fence")?;
    Ok(about)
}

/// The judge of an image that was put into the tables: what they hold must have its digest.
pub(super) fn judge(found: Hash, digest: Hash) -> Result<(), DiskError> {
    if found == digest {
        return Ok(());
    }
    Err(DiskError::corrupt(format!("the state has the digest {found}, and its image {digest}")))
}

/// Packs the image of the tables as they are, frame by frame; gives the digest of its lines. No more
/// than one frame is held in memory.
pub(super) fn pack(
    db: &Connection,
    about: &SnapshotHeader,
    meter: &ProgressReporter,
    to: &mut dyn FnMut(&[u8]) -> Result<(), DiskError>,
) -> Result<Hash, DiskError> {
    let mut packer = Packer { hasher: Sha256::new(), lines: Vec::new(), to };
    packer.line(&canonical_json(about))?;
    if meter.is_heard() {
        meter.begin("reading the state", Unit::Rows, rows_in_all(db)?);
    }
    for table in TABLES {
        let columns = table.columns.join(", ");
        let key = table.columns.first().expect("a table has a key");
        let sql = format!("SELECT {columns} FROM {} ORDER BY {key}", table.name);
        let mut statement = db.prepare_cached(&sql).doing("read the state")?;
        let mut rows = statement.query([]).doing("read the state")?;
        while let Some(row) = rows.next().doing("read the state")? {
            let mut line = vec![serde_json::Value::from(table.name)];
            for column in 0..table.columns.len() {
                line.push(to_json(row.get_ref(column).doing("read the state")?)?);
            }
            packer.line(&canonical_json(&line))?;
            meter.advance(1);
        }
    }
    packer.end()
}

/// How many rows an image of these tables has.
fn rows_in_all(db: &Connection) -> Result<u64, DiskError> {
    let counts: Vec<_> =
        TABLES.iter().map(|table| format!("(SELECT count(*) FROM {})", table.name)).collect();
    db.prepare_cached(&format!("SELECT {}", counts.join(" + ")))
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .doing("count the state")
}

/// What an image is of, and its lines, without a node to put it into.
///
/// # Errors
/// When the bytes are no image of this version.
pub fn read(packed: impl Read) -> Result<Lines, DiskError> {
    read_lines(packed, |_| Ok(()))
}

/// Reads an image line by line; `take` gets each row.
fn read_lines(
    packed: impl Read,
    mut take: impl FnMut(&[u8]) -> Result<(), DiskError>,
) -> Result<Lines, DiskError> {
    let (mut hasher, mut bytes, mut about) = (Sha256::new(), 0, None);
    each_line(packed, |line| {
        hasher.update(line);
        bytes += line.len() as u64;
        match &about {
            None => about = Some(read_about(line)?),
            Some(_) => take(line)?,
        }
        Ok(())
    })?;
    let about = about.ok_or_else(|| DiskError::corrupt("an image has no lines"))?;
    Ok(Lines { about, digest: Hash::from_bytes(hasher.finalize().into()), bytes })
}

fn read_about(line: &[u8]) -> Result<SnapshotHeader, DiskError> {
    let about: SnapshotHeader = serde_json::from_slice(line)
        .map_err(|error| DiskError::corrupt(format!("an image does not say of what: {error}")))?;
    if about.format != FORMAT {
        let found = about.format;
        return Err(DiskError::corrupt(format!("an image has format {found}, not {FORMAT}")));
    }
    Ok(about)
}

fn each_line(
    packed: impl Read,
    mut take: impl FnMut(&[u8]) -> Result<(), DiskError>,
) -> Result<(), DiskError> {
    let broken = |error| DiskError::corrupt(format!("an image cannot be unpacked: {error}"));
    let mut lines = BufReader::new(zstd::stream::read::Decoder::new(packed).map_err(broken)?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).map_err(broken)? > 0 {
        take(&line)?;
        line.clear();
    }
    Ok(())
}

fn insert(db: &Connection, line: &[u8]) -> Result<(), DiskError> {
    let wrong = || DiskError::corrupt("a line of an image is no row of a table");
    let values: Vec<serde_json::Value> = serde_json::from_slice(line).map_err(|_| wrong())?;
    let (name, values) = values.split_first().ok_or_else(wrong)?;
    let table = TABLES.iter().find(|table| name.as_str() == Some(table.name)).ok_or_else(wrong)?;
    if values.len() != table.columns.len() {
        return Err(wrong());
    }
    let values: Vec<Value> = values.iter().map(from_json).collect::<Result<_, _>>()?;
    let verb = if table.rows == Rows::Kept { "INSERT OR IGNORE" } else { "INSERT" };
    let places: Vec<String> = (1..=values.len()).map(|number| format!("?{number}")).collect();
    let (columns, places) = (table.columns.join(", "), places.join(", "));
    let sql = format!("{verb} INTO {} ({columns}) VALUES ({places})", table.name);
    db.prepare_cached(&sql)
        .and_then(|mut statement| statement.execute(params_from_iter(values)))
        .doing("write a row of an image")?;
    Ok(())
}

/// Integers and texts as they are; bytes as an object with their hexadecimal digits.
fn to_json(value: ValueRef<'_>) -> Result<serde_json::Value, DiskError> {
    Ok(match value {
        ValueRef::Null => serde_json::Value::Null,
        // As text: a JSON number loses the digits of a large one.
        ValueRef::Integer(number) => serde_json::json!({ "int": number.to_string() }),
        ValueRef::Text(text) => std::str::from_utf8(text)
            .map_err(|_| DiskError::corrupt("a text of the state is not UTF-8"))?
            .into(),
        ValueRef::Blob(bytes) => serde_json::json!({ "hex": hex::encode(bytes) }),
        ValueRef::Real(_) => return Err(DiskError::corrupt("the state holds no fractions")),
    })
}

fn from_json(value: &serde_json::Value) -> Result<Value, DiskError> {
    let field = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
    let read = match (value, field("int"), field("hex")) {
        (serde_json::Value::Null, _, _) => Some(Value::Null),
        (serde_json::Value::String(text), _, _) => Some(Value::Text(text.clone())),
        (_, Some(number), None) => number.parse().ok().map(Value::Integer),
        (_, None, Some(digits)) => hex::decode(digits).ok().map(Value::Blob),
        _ => None,
    };
    read.ok_or_else(|| DiskError::corrupt("a value of an image cannot be read"))
}

struct Packer<'a> {
    hasher: Sha256,
    lines: Vec<u8>,
    to: &'a mut dyn FnMut(&[u8]) -> Result<(), DiskError>,
}

impl Packer<'_> {
    fn line(&mut self, line: &[u8]) -> Result<(), DiskError> {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        if self.lines.len() >= FRAME_BYTES { self.pack() } else { Ok(()) }
    }

    fn pack(&mut self) -> Result<(), DiskError> {
        self.hasher.update(&self.lines);
        let frame = zstd::bulk::compress(&self.lines, ZSTD_LEVEL)
            .map_err(|error| DiskError::corrupt(format!("an image cannot be packed: {error}")))?;
        self.lines.clear();
        (self.to)(&frame)
    }

    fn end(mut self) -> Result<Hash, DiskError> {
        if !self.lines.is_empty() {
            self.pack()?;
        }
        Ok(Hash::from_bytes(self.hasher.finalize().into()))
    }
}
