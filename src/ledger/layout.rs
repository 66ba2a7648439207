//! The files of an export: the public layout of C2SP `tlog-tiles`, with the blobs beside it.

use super::tree::TILE_WIDTH;
use crate::model::canonical::Hash;

/// Name of the signed head in an export (C2SP tlog-checkpoint).
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

/// A file of an export, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExportFile {
    /// The signed head, `checkpoint`.
    Checkpoint,
    /// The key that checks it.
    Key,
    /// A tile of the tree.
    Tile { level: u32, index: u64, count: usize },
    /// A bundle of up to 256 leaves.
    Entries { index: u64, count: usize },
    /// Bytes that a record names by their hash.
    Blob(Hash),
}

/// Reads a name; `None` for every text that is not exactly the name of a file.
pub(super) fn parse(name: &str) -> Option<ExportFile> {
    let file = match name.split_once('/') {
        None if name == CHECKPOINT => ExportFile::Checkpoint,
        None if name == KEY => ExportFile::Key,
        Some(("blobs", hash)) => ExportFile::Blob(Hash::parse(hash)?),
        Some(("tile", rest)) => {
            let (level, place) = rest.split_once('/')?;
            let (index, count) = parse_place(place)?;
            match level {
                "entries" => ExportFile::Entries { index, count },
                level => ExportFile::Tile { level: level.parse().ok()?, index, count },
            }
        }
        _ => return None,
    };
    // One file has one name: another spelling of a number is another name.
    let spelt = match file {
        ExportFile::Checkpoint | ExportFile::Key => return Some(file),
        ExportFile::Blob(hash) => blob(hash),
        ExportFile::Tile { level, index, count } if level <= LEVEL_MAX => tile(level, index, count),
        ExportFile::Tile { .. } => return None,
        ExportFile::Entries { index, count } => entries(index, count),
    };
    (spelt == name).then_some(file)
}

/// The highest level of a tree that the numbers of records can count.
const LEVEL_MAX: u32 = 6;
/// No log has more tiles of one level.
const INDEX_MAX: u64 = 1 << 48;

fn parse_place(place: &str) -> Option<(u64, usize)> {
    let (path, count) = match place.split_once(".p/") {
        Some((path, count)) => (path, count.parse().ok()?),
        None => (place, TILE_WIDTH),
    };
    if !(1..=TILE_WIDTH).contains(&count) {
        return None;
    }
    let digits: Vec<&str> = path.split('/').collect();
    let (last, folders) = digits.split_last()?;
    let folders = folders.iter().map(|folder| folder.strip_prefix('x'));
    let index = folders.chain([Some(*last)]).try_fold(0u64, |index, digits| {
        let digits = digits.filter(|digits| digits.len() == 3)?;
        index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
    })?;
    (index <= INDEX_MAX).then_some((index, count))
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
    fn a_name_reads_back_and_no_other_spelling_does() {
        let blob = blob(Hash::of(b"x"));
        for (name, file) in [
            ("checkpoint", ExportFile::Checkpoint),
            ("vkey", ExportFile::Key),
            ("tile/entries/067.p/1", ExportFile::Entries { index: 67, count: 1 }),
            ("tile/0/x001/x234/067", ExportFile::Tile { level: 0, index: 1_234_067, count: 256 }),
            ("tile/1/x001/000.p/255", ExportFile::Tile { level: 1, index: 1_000, count: 255 }),
            (&blob, ExportFile::Blob(Hash::of(b"x"))),
        ] {
            assert_eq!(parse(name), Some(file), "{name}");
        }
        for bad in [
            "",
            "/",
            "Checkpoint",
            "checkpoint/",
            "../log.key",
            "blobs/",
            "blobs/00",
            "tile/0",
            "tile/0/",
            "tile/0/67",
            "tile/0/0067",
            "tile/00/067",
            "tile/+0/067",
            "tile/7/067",
            "tile/0/x000/067",
            "tile/0/067.p/0",
            "tile/0/067.p/256",
            "tile/0/067.p/01",
            "tile/0/+67",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/0/067.p/1/",
            "tile/-1/000",
            "tile/0/\u{661}67",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&blob.to_uppercase()), None);
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
