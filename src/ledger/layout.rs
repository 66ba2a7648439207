//! The files of an export: the public layout of C2SP `tlog-tiles`, with the blobs beside it.

use super::tree::TILE_WIDTH;
use crate::model::canonical::Hash;

/// The signed head.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The key that checks it.
pub(super) const KEY: &str = "vkey";

/// The file of a tile of `count` hashes.
pub(super) fn tile(level: u32, index: u64, count: usize) -> String {
    format!("tile/{level}/{}", place(index, count))
}

/// The file of `count` leaves, 256 to a file.
pub(super) fn entries(index: u64, count: usize) -> String {
    format!("tile/entries/{}", place(index, count))
}

/// The file of a blob.
pub(super) fn blob(hash: Hash) -> String {
    format!("blobs/{hash}")
}

/// Three digits to a folder: 1234067 is `x001/x234/067`, and what is not full says how many it has.
fn place(index: u64, count: usize) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if count == TILE_WIDTH { path } else { format!("{path}.p/{count}") }
}

/// Appends a leaf to the bytes of a bundle: its length in two bytes, and itself.
pub(super) fn put(bundle: &mut Vec<u8>, leaf: &[u8]) {
    let length = u16::try_from(leaf.len()).expect("a leaf that was checked is short enough");
    bundle.extend(length.to_be_bytes());
    bundle.extend(leaf);
}

/// Takes the next leaf of a bundle; `None` where it is cut.
pub(super) fn take<'a>(bundle: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bundle = rest;
    Some(leaf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_names_of_the_public_layout() {
        assert_eq!(entries(0, 256), "tile/entries/000");
        assert_eq!(entries(67, 1), "tile/entries/067.p/1");
        assert_eq!(entries(1_234_067, 256), "tile/entries/x001/x234/067");
        assert_eq!(entries(1_000, 255), "tile/entries/x001/000.p/255");
        assert_eq!(tile(1, 0, 2), "tile/1/000.p/2");
    }

    #[test]
    fn a_bundle_gives_its_leaves_back_and_a_cut_one_does_not() {
        let mut bundle = Vec::new();
        put(&mut bundle, b"one");
        put(&mut bundle, b"");
        assert_eq!(bundle, b"\0\x03one\0\0");
        let mut rest = bundle.as_slice();
        assert_eq!((take(&mut rest), take(&mut rest)), (Some(&b"one"[..]), Some(&b""[..])));
        assert_eq!((take(&mut rest), rest), (None, &b""[..]));
        assert_eq!(take(&mut &bundle[..4]), None);
    }
}
