//! Files of the version before, which held neither their sum nor what they knew of the others: a node
//! had the SHA-256 of its file in its seal, and the cluster metadata had no seal.
//!
//! A file is checked as that version did before anything is changed, and then becomes one of this
//! version in one transaction, which is left open: it ends when the kernel starts, and with a kernel
//! that is only read it never does. Killed at any point it is of the one version or of the other: the seal
//! is replaced after that, and a seal of the version before beside a file of this one is replaced by
//! the next start.

use super::content::{self, ContentClaim};
use super::kept::FileSpec;
use super::sqlite::{Database, DiskError, Doing, name_of};
use super::store::damage;
use crate::files::{self, FileDigest};
use crate::model::canonical::Hash;
use rusqlite::types::Value;
use rusqlite::{Connection, DropBehavior, params_from_iter};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// Bytes that are hashed at once.
const PART_BYTES: usize = 1 << 16;
/// More than a seal is long.
const SEAL_BYTES_MAX: u64 = 1024;
/// A digest that no file has: the seal was open, because a checkpoint was interrupted.
const OPEN: [u8; 32] = [0; 32];

/// What stands beside a file of the version before.
#[derive(Debug)]
pub(super) enum PreviousFile {
    /// No seal of that version.
    Nothing,
    /// A seal: how many saves were made, and what is wrong with the file by it.
    Sealed { saves: u64, wrong: Option<String> },
}

impl PreviousFile {
    /// Reads the seal of that version, and the file by it. Nobody has the file open: reading it
    /// otherwise than by SQLite would end the lock on it.
    pub(super) fn look(path: &Path) -> Self {
        let mut text = String::new();
        let read = File::open(FileDigest::path(path))
            .and_then(|file| file.take(SEAL_BYTES_MAX).read_to_string(&mut text));
        let Some((saves, digest)) = read.ok().and_then(|_| parse(&text)) else {
            return Self::Nothing;
        };
        let wrong = if digest.bytes() == &OPEN {
            None
        } else {
            match digest_of(path) {
                Ok(found) if found == digest => None,
                Ok(found) => {
                    Some(format!("its SHA-256 is {found}, and the last checkpoint left {digest}"))
                }
                Err(error) => Some(error.to_string()),
            }
        };
        Self::Sealed { saves, wrong }
    }

    /// Compares how many saves a file holds with what that seal says.
    pub(super) fn is_held_by(&self, path: &Path, held: u64) -> Result<(), DiskError> {
        match self {
            Self::Sealed { saves, .. } if held < *saves => {
                Err(DiskError::older(path, held, *saves))
            }
            Self::Sealed { .. } | Self::Nothing => Ok(()),
        }
    }

    /// Puts a seal of this version in the place of that one.
    pub(super) fn replace_seal(path: &Path, owner: &str, held: u64) -> Result<(), DiskError> {
        let seal = FileDigest::path(path);
        let staged = path.with_file_name(format!("{}.new", name_of(path)));
        let staged_seal = FileDigest::path(&staged);
        let failed = |error: std::io::Error| {
            DiskError::corrupt(format!("cannot replace {}: {error}", name_of(&seal)))
        };
        if staged_seal.exists() {
            fs::remove_file(&staged_seal).map_err(failed)?;
        }
        FileDigest::create(&staged, owner, held)?;
        fs::rename(&staged_seal, &seal).map_err(failed)?;
        files::sync_directory(path.parent().unwrap_or(Path::new(".")))?;
        Ok(())
    }
}

/// Makes a file of the version before one of this version, in a transaction that stays open.
pub(super) fn migrate(
    database: &Database,
    form: &FileSpec,
    old: &PreviousFile,
    path: &Path,
) -> Result<(), DiskError> {
    let named = |error: DiskError| error.in_file(path);
    let held = check(database.connection(), form, old).map_err(named)?;
    // Until the transaction ends, nothing of it may come into the write-ahead log.
    let keep = "PRAGMA cache_spill = OFF";
    database.connection().execute_batch(keep).doing("keep the file from changing")?;
    let mut tx = database.begin()?;
    remake_head(&tx, form).map_err(named)?;
    ContentClaim { saves: held, known: BTreeMap::new() }.create(&tx, content::read_all(&tx)?)?;
    content::check_shape(&tx, form.schema).map_err(named)?;
    tx.set_drop_behavior(DropBehavior::Ignore);
    Ok(())
}

/// Checks a file as the version before did; gives how many saves it holds.
fn check(db: &Connection, form: &FileSpec, old: &PreviousFile) -> Result<u64, DiskError> {
    damage::check_pages(db)?;
    if !form.counted_saves {
        return Ok(1);
    }
    let sql = format!("SELECT saves FROM {}", form.head);
    let held = db.query_row(&sql, [], |row| row.get(0)).doing("read how many saves were made")?;
    match old {
        PreviousFile::Nothing => Err(DiskError::corrupt("its seal is missing or damaged")),
        PreviousFile::Sealed { wrong: Some(wrong), .. } => Err(DiskError::corrupt(wrong.clone())),
        PreviousFile::Sealed { saves, .. } if held < *saves => Err(DiskError::corrupt(format!(
            "with its write-ahead log it holds {held} saves, and {saves} were made"
        ))),
        PreviousFile::Sealed { .. } => Ok(held),
    }
}

/// Makes the table with the version anew, with the same row: its columns and its rules changed.
fn remake_head(tx: &Connection, form: &FileSpec) -> Result<(), DiskError> {
    let model = content::model(form.schema)?;
    let head = form.head;
    let make: String = model
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [head], |row| row.get(0))
        .doing("read how a table is made")?;
    let columns: Vec<String> = model
        .prepare("SELECT name FROM pragma_table_info(?1) WHERE name <> 'format' ORDER BY cid")
        .and_then(|mut s| s.query_map([head], |row| row.get(0))?.collect())
        .doing("read how a table is made")?;
    let names = columns.join(", ");
    let mut values: Vec<Value> = tx
        .query_row(&format!("SELECT {names} FROM {head}"), [], |row| {
            (0..columns.len()).map(|column| row.get(column)).collect()
        })
        .doing("read whose file it is")?;
    values.push(Value::Integer(form.format.into()));
    let places: Vec<String> = (1..=values.len()).map(|number| format!("?{number}")).collect();
    tx.execute_batch(&format!("DROP TABLE {head}; {make};")).doing("make a table anew")?;
    let sql = format!("INSERT INTO {head} ({names}, format) VALUES ({})", places.join(", "));
    tx.execute(&sql, params_from_iter(values)).doing("make a table anew")?;
    Ok(())
}

fn digest_of(path: &Path) -> std::io::Result<Hash> {
    let mut file = File::open(path)?;
    let (mut hasher, mut part) = (Sha256::new(), vec![0; PART_BYTES]);
    loop {
        let length = file.read(&mut part)?;
        let Some(read) = part.get(..length).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
    }
    Ok(Hash::from_bytes(hasher.finalize().into()))
}

fn parse(text: &str) -> Option<(u64, Hash)> {
    let mut words = text.trim_end().split(' ');
    let (saves, digest) = (words.next()?.parse().ok()?, Hash::parse(words.next()?)?);
    let line = format!("{saves:020} {digest}");
    (text == format!("{line} {}\n", Hash::of(line.as_bytes()))).then_some((saves, digest))
}
