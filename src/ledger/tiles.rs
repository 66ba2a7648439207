//! The tree in the database: full tiles as rows, its edge from what is in no tile yet.
//!
//! Nothing here reads more than the edge of the tree, or the path of one proof.

use super::LedgerError;
use super::tree::{Subtree, TILE_HEIGHT, TILE_WIDTH, Tile, Tree, perfect_root, tile_hashes};
use crate::model::canonical::Hash;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::collections::BTreeMap;

/// How many leaves there are.
pub(super) fn size(connection: &Connection) -> Result<u64, LedgerError> {
    let sql = "SELECT coalesce(max(seq) + 1, 0) FROM leaf";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// The tree of the first `size` leaves, from its edge.
pub(super) fn resume(connection: &Connection, size: u64) -> Result<Tree, LedgerError> {
    let tree =
        Tree::resume(size, |level, start, count| hashes_of(connection, level, start, count))?;
    tree.ok_or_else(|| damaged(size, "leaves or tiles at the edge of the tree are missing"))
}

/// Brings a tree of some first leaves up to the first `size`.
pub(super) fn catch_up(
    tree: &mut Tree,
    connection: &Connection,
    size: u64,
) -> Result<(), LedgerError> {
    if tree.size() > size {
        return Err(damaged(size, "the log is shorter than it was"));
    }
    let sql = "SELECT hash FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![tree.size(), size])?;
    while let Some(row) = rows.next()? {
        // Whoever wrote the leaf has stored the tiles that it filled.
        tree.push(Hash::from_bytes(row.get(0)?));
    }
    if tree.size() == size { Ok(()) } else { Err(damaged(tree.size(), "its leaf is missing")) }
}

/// Stores a tile that has become full.
pub(super) fn store(transaction: &Transaction<'_>, tile: &Tile) -> Result<(), LedgerError> {
    let root = perfect_root(&tile.hashes).expect("a full tile is a perfect subtree");
    transaction
        .prepare_cached("INSERT INTO tile (level, idx, root, hashes) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tile.level, tile.index, root.bytes(), tile.bytes()])?;
    Ok(())
}

/// Hashes of one level from where they are before a tile holds them; fewer where some are missing.
pub(super) fn hashes_of(
    connection: &Connection,
    level: u32,
    start: u64,
    count: usize,
) -> Result<Vec<Hash>, LedgerError> {
    let end = start + count as u64;
    let found: Result<Vec<_>, _> = match level.checked_sub(1) {
        None => connection
            .prepare_cached("SELECT hash FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq")?
            .query_map(params![start, end], |row| row.get(0))?
            .collect(),
        Some(below) => connection
            .prepare_cached(
                "SELECT root FROM tile WHERE level = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
            )?
            .query_map(params![below, start, end], |row| row.get(0))?
            .collect(),
    };
    Ok(found?.into_iter().map(Hash::from_bytes).collect())
}

/// Reads the hashes of subtrees, for proofs. A tile is read once.
pub(super) struct Nodes<'a> {
    connection: &'a Connection,
    tiles: BTreeMap<(u32, u64), Vec<Hash>>,
}

impl<'a> Nodes<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, tiles: BTreeMap::new() }
    }

    /// The hash of one perfect subtree.
    pub(super) fn read(&mut self, node: Subtree) -> Result<Hash, LedgerError> {
        let level = node.height / TILE_HEIGHT;
        let within = node.height % TILE_HEIGHT;
        let start = node.index << within;
        let width = TILE_WIDTH as u64;
        let key = (level, start / width);
        if !self.tiles.contains_key(&key) {
            let tile = self.tile(level, key.1)?;
            self.tiles.insert(key, tile);
        }
        let from = usize::try_from(start % width).expect("less than a tile");
        let hashes = self.tiles.get(&key).and_then(|tile| tile.get(from..from + (1 << within)));
        hashes
            .and_then(perfect_root)
            .ok_or_else(|| damaged(node.index << node.height, "its place in the tree is missing"))
    }

    fn tile(&self, level: u32, index: u64) -> Result<Vec<Hash>, LedgerError> {
        match full(self.connection, level, index)? {
            Some((_, hashes)) => Ok(hashes),
            None => hashes_of(self.connection, level, index << TILE_HEIGHT, TILE_WIDTH),
        }
    }
}

/// A stored tile: its root as the row has it, and its hashes.
pub(super) fn full(
    connection: &Connection,
    level: u32,
    index: u64,
) -> Result<Option<(Hash, Vec<Hash>)>, LedgerError> {
    let row = connection
        .prepare_cached("SELECT root, hashes FROM tile WHERE level = ?1 AND idx = ?2")?
        .query_row(params![level, index], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((root, bytes)) = row else { return Ok(None) };
    let hashes = tile_hashes(&bytes).filter(|hashes| hashes.len() == TILE_WIDTH);
    let first = index << (TILE_HEIGHT * (level + 1));
    let hashes = hashes.ok_or_else(|| damaged(first, "its tile has another length"))?;
    Ok(Some((Hash::from_bytes(root), hashes)))
}

fn damaged(seq: u64, why: &str) -> LedgerError {
    LedgerError::Damaged { seq, why: why.to_owned() }
}
