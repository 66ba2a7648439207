//! The files of an export, read from the database as they are asked for: the same bytes under the same
//! names, so that whoever verifies a directory can verify a control plane that runs.

use super::layout::{self, ExportFile};
use super::tiles::{self, hashes_of};
use super::tree::{TILE_HEIGHT, TILE_WIDTH};
use super::{LedgerError, LedgerReader};
use crate::model::record::LEAF_BYTES_MAX;
use rusqlite::{Connection, params};

impl LedgerReader {
    /// One file of an export of the log as it is now, by its name in the public layout of
    /// `tlog-tiles`, such as `checkpoint` or `tile/0/000.p/7`; `None` where there is no such file.
    ///
    /// A file that is not full holds a beginning, so it stays readable while the log grows. The bytes
    /// are not checked on the way: that is for the reader to do.
    ///
    /// # Errors
    /// When the file cannot be made from the database, or there is no key to sign a head with.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let Some(file) = layout::parse(name) else { return Ok(None) };
        match file {
            ExportFile::Checkpoint => Ok(Some(self.signed_head()?.note.into_bytes())),
            ExportFile::Key => Ok(Some(format!("{}\n", self.signed_head()?.key).into_bytes())),
            ExportFile::Blob(hash) => self.blob(hash),
            ExportFile::Tile { level, index, count } => {
                self.reader.read(|connection| tile(connection, level, index, count))
            }
            ExportFile::Entries { index, count } => {
                self.reader.read(|connection| bundle(connection, index, count))
            }
        }
    }
}

fn tile(
    connection: &Connection,
    level: u32,
    index: u64,
    count: usize,
) -> Result<Option<Vec<u8>>, LedgerError> {
    let hashes = match tiles::full(connection, level, index)? {
        Some((_, hashes)) => hashes,
        None => hashes_of(connection, level, index << TILE_HEIGHT, count)?,
    };
    let hashes = hashes.get(..count);
    Ok(hashes.map(|hashes| hashes.iter().flat_map(|hash| hash.bytes().to_vec()).collect()))
}

fn bundle(
    connection: &Connection,
    index: u64,
    count: usize,
) -> Result<Option<Vec<u8>>, LedgerError> {
    let first = index * TILE_WIDTH as u64;
    let sql = "SELECT bytes FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![first, first + count as u64])?;
    let (mut bundle, mut found) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let leaf: Vec<u8> = row.get(0)?;
        if leaf.len() > LEAF_BYTES_MAX {
            let why = "it is longer than any record".to_owned();
            return Err(LedgerError::Damaged { seq: first + found as u64, why });
        }
        layout::put(&mut bundle, &leaf);
        found += 1;
    }
    Ok((found == count).then_some(bundle))
}
