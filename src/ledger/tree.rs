//! The records as a Merkle tree (RFC 6962), so that one record, or an earlier state of the log, can
//! be proven with a few hashes. Pure: it stores nothing, and reads hashes through a function.
//!
//! The tree is kept as tiles of 256 hashes, as C2SP `tlog-tiles` lays them out. A full tile never
//! changes, so an append writes a tile when it fills one and nothing else.

use crate::model::canonical::Hash;
use sha2::{Digest as _, Sha256};

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;
/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u32 = 8;
/// Most hashes in a proof: the tree has at most 2^63 leaves, and a proof of consistency one more.
pub const PROOF_HASHES_MAX: usize = 64;

/// The hash of a tree without a leaf.
#[must_use]
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The hash of two subtrees side by side (RFC 6962, section 2.1).
#[must_use]
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1u8]);
    hasher.update(left.bytes());
    hasher.update(right.bytes());
    Hash::from_bytes(hasher.finalize().into())
}

/// The root of 1, 2, 4 and so on hashes; `None` for any other number of them.
#[must_use]
pub fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    if let [hash] = hashes {
        return Some(*hash);
    }
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    Some(node_hash(perfect_root(left)?, perfect_root(right)?))
}

/// Hashes side by side at one level of tiles. Full, or at the right edge of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// 0 holds the hashes of records, each higher level the roots of full tiles below it.
    pub level: u32,
    /// Its place in the level, from 0.
    pub index: u64,
    /// Its hashes: [`TILE_WIDTH`] where it is full, fewer at the edge, never none.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// The hashes one after the other: the bytes of the public format.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| *hash.bytes()).collect()
    }
}

/// Splits the bytes of a tile; `None` when they are not 1 to 256 whole hashes.
#[must_use]
pub fn tile_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let counted = (1..=TILE_WIDTH).contains(&hashes.len()) && rest.is_empty();
    counted.then(|| hashes.iter().copied().map(Hash::from_bytes).collect())
}

/// The right edge of a tree: all that is needed to append to it and to say its root. It holds at
/// most 255 hashes for each level of tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the perfect subtrees that the leaves form, the largest first.
    peaks: Vec<Hash>,
    /// The tile of each level that is not full.
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// A tree without a leaf.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves, from the hashes of the tile at the edge of each level, which
    /// `edge_of` reads: of level `l` the last `size / 256^l % 256`. Nothing else is read.
    ///
    /// # Errors
    /// What `edge_of` answers; `None` in it means that a level has another number of hashes.
    pub fn resume<E>(
        size: u64,
        mut edge_of: impl FnMut(u32, u64, usize) -> Result<Vec<Hash>, E>,
    ) -> Result<Option<Self>, E> {
        let mut edge = Vec::new();
        let mut peaks: Vec<Hash> = Vec::new();
        for level in 0..levels(size) {
            let (start, count) = edge_at(size, level);
            let hashes = if count == 0 { Vec::new() } else { edge_of(level, start, count)? };
            if hashes.len() != count {
                return Ok(None);
            }
            edge.push(hashes);
        }
        for hashes in edge.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let largest = 1 << rest.len().ilog2();
                let (peak, after) = rest.split_at(largest);
                peaks.extend(perfect_root(peak));
                rest = after;
            }
        }
        Ok(Some(Self { size, peaks, edge }))
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf, and answers the tiles that it fills, the lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let mut tiles = Vec::new();
        self.place(0, leaf, self.size, &mut tiles);
        let (mut hash, mut place, mut height) = (leaf, self.size, 0);
        while place & 1 == 1 {
            let left = self.peaks.pop().expect("an odd place has a subtree on its left");
            hash = node_hash(left, hash);
            place >>= 1;
            height += 1;
            if height % TILE_HEIGHT == 0 {
                self.place(height / TILE_HEIGHT, hash, self.size >> height, &mut tiles);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        tiles
    }

    fn place(&mut self, level: u32, hash: Hash, at: u64, tiles: &mut Vec<Tile>) {
        let row = level as usize;
        if self.edge.len() <= row {
            self.edge.resize_with(row + 1, Vec::new);
        }
        let hashes = self.edge.get_mut(row).expect("the level was made above");
        hashes.push(hash);
        if hashes.len() == TILE_WIDTH {
            tiles.push(Tile { level, index: at >> TILE_HEIGHT, hashes: std::mem::take(hashes) });
        }
    }

    /// The root (RFC 6962, section 2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(left, right));
        joined.unwrap_or_else(empty_root)
    }

    /// The tiles at the edge, which are not full, the lowest first.
    pub fn edge(&self) -> impl Iterator<Item = Tile> {
        let rows = (0u32..).zip(&self.edge).filter(|(_, hashes)| !hashes.is_empty());
        rows.map(|(level, hashes)| {
            let index = self.size >> (TILE_HEIGHT * (level + 1));
            Tile { level, index, hashes: hashes.clone() }
        })
    }
}

/// How many levels of tiles a tree has.
#[must_use]
pub fn levels(size: u64) -> u32 {
    size.checked_ilog2().map_or(0, |height| height / TILE_HEIGHT + 1)
}

/// Where the tile at the edge of a level begins, in hashes of the level, and how many it has.
fn edge_at(size: u64, level: u32) -> (u64, usize) {
    let hashes = size >> (TILE_HEIGHT * level);
    let width = TILE_WIDTH as u64;
    (hashes - hashes % width, usize::try_from(hashes % width).expect("less than a tile"))
}

/// A subtree of `2^height` leaves that begins at the leaf `index << height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    /// Its height; 0 is a leaf.
    pub height: u32,
    /// Its place among the subtrees of its height, from 0.
    pub index: u64,
}

/// The root of the first `size` leaves, from the hashes of perfect subtrees, which `hash` reads.
///
/// # Errors
/// What `hash` answers.
pub fn root<E>(size: u64, mut hash: impl FnMut(Subtree) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 { Ok(empty_root()) } else { subtree(0, size, &mut hash) }
}

/// The hash of the leaves from `start` to before `end`; there is at least one.
fn subtree<E>(
    start: u64,
    end: u64,
    hash: &mut impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let count = end - start;
    if count.is_power_of_two() {
        let height = count.ilog2();
        return hash(Subtree { height, index: start >> height });
    }
    let middle = start + split(count);
    let left = subtree(start, middle, hash)?;
    Ok(node_hash(left, subtree(middle, end, hash)?))
}

/// The largest power of two that is smaller than a number above one.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The hashes that prove that leaf `index` is in the tree of the first `size` leaves, the lowest
/// first (RFC 9162, section 2.1.3.1); `None` when it is not.
///
/// # Errors
/// What `hash` answers.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    mut hash: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Option<Vec<Hash>>, E> {
    if index >= size {
        return Ok(None);
    }
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(subtree(middle, end, &mut hash)?);
            end = middle;
        } else {
            path.push(subtree(start, middle, &mut hash)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// The hashes that prove that the tree of the first `from` leaves is the beginning of that of the
/// first `to` (RFC 9162, section 2.1.4.1); `None` when `from` is 0 or more than `to`.
///
/// # Errors
/// What `hash` answers.
pub fn consistency<E>(
    from: u64,
    to: u64,
    mut hash: impl FnMut(Subtree) -> Result<Hash, E>,
) -> Result<Option<Vec<Hash>>, E> {
    if from == 0 || from > to {
        return Ok(None);
    }
    let (mut start, mut end, mut path) = (0, to, Vec::new());
    while from < end {
        let middle = start + split(end - start);
        if from <= middle {
            path.push(subtree(middle, end, &mut hash)?);
            end = middle;
        } else {
            path.push(subtree(start, middle, &mut hash)?);
            start = middle;
        }
    }
    // Where the old tree is itself a subtree from the first leaf, whoever checks knows its root.
    if start > 0 {
        path.push(subtree(start, end, &mut hash)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is about a leaf or a tree that cannot be.
    #[error("the proof is about a place outside the log")]
    Outside,
    /// It has too few or too many hashes.
    #[error("the proof does not have the hashes that its sizes ask for")]
    Length,
    /// It leads to another root than the one that it is compared with.
    #[error("the proof leads to another root")]
    Root,
}

/// Checks a proof of inclusion (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// When it does not prove that `leaf` is number `index` of the tree with this size and root.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: Hash,
    path: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    let (mut place, mut last, mut found) = (index, size - 1, leaf);
    for hash in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if place & 1 == 1 || place == last {
            found = node_hash(*hash, found);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            found = node_hash(found, *hash);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if found == root { Ok(()) } else { Err(ProofError::Root) }
}

/// A tree as it was seen: its size and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Root hash over those leaves (RFC 6962).
    pub root: Hash,
}

/// Checks a proof of consistency (RFC 9162, section 2.1.4.2). Every tree begins with the empty one,
/// which needs no hash to prove it.
///
/// # Errors
/// When it does not prove that the tree `before` is the beginning of the tree `after`.
pub fn verify_consistency(
    before: TreeHead,
    after: TreeHead,
    path: &[Hash],
) -> Result<(), ProofError> {
    if before.size > after.size {
        return Err(ProofError::Outside);
    }
    if before.size == 0 || before.size == after.size {
        let expected = if before.size == 0 { empty_root() } else { after.root };
        return match (path, before.root == expected) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::Root),
            _ => Err(ProofError::Length),
        };
    }
    let known = [before.root];
    let known = if before.size.is_power_of_two() { known.as_slice() } else { &[] };
    let mut hashes = known.iter().chain(path).copied();
    let first = hashes.next().ok_or(ProofError::Length)?;
    let trailing = (before.size - 1).trailing_ones();
    let (mut place, mut last) = ((before.size - 1) >> trailing, (after.size - 1) >> trailing);
    let (mut old, mut new) = (first, first);
    for hash in hashes {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if place & 1 == 1 || place == last {
            old = node_hash(hash, old);
            new = node_hash(hash, new);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(new, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old == before.root && new == after.root { Ok(()) } else { Err(ProofError::Root) }
}
