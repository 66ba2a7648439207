//! What is too big for a record, stored under the hash of its bytes.

use super::LedgerError;
use crate::model::canonical::Hash;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// Longest blob, in bytes before compression: the observation of a large cluster and more.
pub const BLOB_BYTES_MAX: usize = 8 * 1024 * 1024;

const PLAIN: i64 = 0;
const ZSTD: i64 = 1;
/// Measured on records of this kind: a third level costs 0.1 ms per blob and leaves a fifth of it.
const ZSTD_LEVEL: i32 = 3;

/// Stores bytes that record `seq` names. The same bytes are stored once.
pub(super) fn store(
    transaction: &Transaction<'_>,
    seq: u64,
    bytes: &[u8],
) -> Result<(), LedgerError> {
    if bytes.len() > BLOB_BYTES_MAX {
        let what = format!("a blob of record {seq}");
        return Err(LedgerError::TooLarge { what, bytes: bytes.len(), limit: BLOB_BYTES_MAX });
    }
    let hash = Hash::of(bytes);
    if is_stored(transaction, hash)? {
        return Ok(());
    }
    // Where compression fails or does not pay, the bytes are stored as they are.
    let packed = zstd::bulk::compress(bytes, ZSTD_LEVEL).ok().filter(|p| p.len() < bytes.len());
    let (encoding, data) = packed.as_deref().map_or((PLAIN, bytes), |packed| (ZSTD, packed));
    transaction
        .prepare_cached(
            "INSERT INTO blob (sha256, seq, encoding, raw_len, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![hash.bytes(), seq, encoding, bytes.len(), data])?;
    Ok(())
}

pub(super) fn is_stored(connection: &Connection, hash: Hash) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM blob WHERE sha256 = ?1")?.exists(params![hash.bytes()])
}

/// The first record that names a blob; `None` when there is no such blob.
pub(super) fn first_named(connection: &Connection, hash: Hash) -> Result<Option<u64>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT seq FROM blob WHERE sha256 = ?1")?;
    Ok(statement.query_row(params![hash.bytes()], |row| row.get(0)).optional()?)
}

/// Reads a blob and checks that its bytes have this hash; `None` when there is none.
pub(super) fn load(connection: &Connection, hash: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
    let row = connection
        .prepare_cached("SELECT seq, encoding, raw_len, data FROM blob WHERE sha256 = ?1")?
        .query_row(params![hash.bytes()], |row| {
            Ok((row.get::<_, u64>(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?))
        })
        .optional()?;
    let Some((seq, encoding, raw_len, data)) = row else { return Ok(None) };
    let damaged = |why| LedgerError::Damaged { seq, why: format!("its blob {hash} {why}") };
    let bytes = unpack(encoding, raw_len, data).map_err(damaged)?;
    if Hash::of(&bytes) != hash {
        return Err(damaged("has other bytes".to_owned()));
    }
    Ok(Some(bytes))
}

fn unpack(encoding: i64, raw_len: usize, data: Vec<u8>) -> Result<Vec<u8>, String> {
    if raw_len > BLOB_BYTES_MAX {
        return Err(format!("says that it has {raw_len} bytes"));
    }
    let bytes = match encoding {
        PLAIN => data,
        ZSTD => zstd::bulk::decompress(&data, raw_len)
            .map_err(|e| format!("cannot be decompressed: {e}"))?,
        other => return Err(format!("has the unknown encoding {other}")),
    };
    if bytes.len() == raw_len { Ok(bytes) } else { Err("has another length".to_owned()) }
}
