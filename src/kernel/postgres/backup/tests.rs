//! Backups in files, without a server.

use super::archive::ArchiveListing;
use super::files::ArrivingArchive;
use super::{BaseBackupError, PARTS_MAX};
use crate::kernel::postgres::manifest::{BackupManifest, FileSum, WalRange};
use crate::kernel::postgres::replication::WalPosition;
use crate::model::canonical::Hash;
use bytes::Bytes;
use std::io::{self, Write};
use std::path::Path;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

const SEGMENT: usize = 1 << 20;

/// An archive of these entries, as the server packs them: without its end.
fn packed(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, path, contents) in entries {
        let mut header = Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_size(contents.len().try_into().unwrap());
        // As bytes: the builder refuses what it would not unpack itself.
        let name = header.as_old_mut().name.get_mut(..path.len()).unwrap();
        name.copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, *contents).unwrap();
    }
    let archive = builder.into_inner().unwrap();
    let end = archive.len() - 1024;
    archive.get(..end).unwrap().to_vec()
}

fn ended(mut archive: Vec<u8>) -> Vec<u8> {
    archive.extend([0; 1024]);
    archive
}

fn listing(archive: &[u8]) -> io::Result<ArchiveListing> {
    ArchiveListing::read(&mut &archive[..])
}

fn file(path: &'static str, contents: &'static [u8]) -> (EntryType, &'static str, &'static [u8]) {
    (EntryType::Regular, path, contents)
}

#[test]
fn an_archive_that_is_cut_anywhere_or_goes_on_after_its_end_is_none() {
    let long = [7; 700];
    let entries =
        [file("a", b"one"), (EntryType::Directory, "b/", &[]), (EntryType::Regular, "b/c", &long)];
    let whole = ended(packed(&entries));
    assert_eq!(listing(&whole).unwrap().len(), 2);
    for end in 0..whole.len() {
        listing(whole.get(..end).unwrap()).expect_err("it is cut");
    }
    for more in [&[0_u8][..], &[1], &[0; 512], &whole] {
        let longer = [&whole[..], more].concat();
        listing(&longer).expect_err("it goes on");
    }
}

#[test]
fn an_archive_that_would_write_elsewhere_or_holds_what_no_data_directory_holds_is_refused() {
    let (link, hard, pipe) = (EntryType::Symlink, EntryType::Link, EntryType::Fifo);
    for (said, entries) in [
        ("somewhere else", vec![file("../a", b"")]),
        ("somewhere else", vec![file("/a", b"")]),
        ("somewhere else", vec![file("b/../../a", b"")]),
        ("somewhere else", vec![file("b//a", b"")]),
        ("somewhere else", vec![file("", b"")]),
        ("somewhere else", vec![(EntryType::Directory, "b/..", &[][..])]),
        ("a twice", vec![file("a", b"1"), file("a", b"1")]),
        ("a tablespace", vec![(link, "pg_tblspc/16384", &[])]),
        ("neither file nor directory", vec![(hard, "a", &[])]),
        ("neither file nor directory", vec![(pipe, "a", &[])]),
        ("neither file nor directory", vec![(EntryType::XHeader, "a", b"x")]),
        ("neither file nor directory", vec![(EntryType::GNULongName, "a", b"x")]),
    ] {
        let refused = listing(&ended(packed(&entries))).expect_err(said).to_string();
        assert!(refused.contains(said), "{said:?}: {refused}");
    }
}

/// WAL segments of this size by their names.
fn segments(names: &[&'static str], size: usize) -> Vec<u8> {
    let contents = vec![7; size];
    let paths: Vec<String> = names.iter().map(|name| format!("pg_wal/{name}")).collect();
    let mut entries = vec![file("PG_VERSION", b"15\n")];
    entries.extend(paths.iter().map(|path| (EntryType::Regular, path.as_str(), &contents[..])));
    ended(packed(&entries))
}

fn manifest(wal: &[(u32, u64, u64)]) -> BackupManifest {
    let sum = FileSum { size: 3, sha256: Hash::of(b"15\n") };
    let range = |&(timeline, lsn, end): &(u32, u64, u64)| {
        let begins = WalPosition { timeline, lsn };
        WalRange { begins, end }
    };
    BackupManifest {
        system_identifier: None,
        files: [(b"PG_VERSION".to_vec(), sum)].into(),
        wal: wal.iter().map(range).collect(),
    }
}

#[test]
fn the_wal_that_a_restore_needs_is_there_or_the_missing_segment_is_named() {
    let (two, three) = ("000000010000000000000002", "000000010000000000000003");
    let in_two = (1, 0x20_0028, 0x2F_FFFF);
    let in_both = (1, 0x20_0028, 0x30_0001);
    let compare = |names: &[&'static str], size, wal: &[(u32, u64, u64)]| {
        listing(&segments(names, size)).unwrap().compare(&manifest(wal))
    };
    compare(&[two], SEGMENT, &[in_two]).expect("one is enough");
    compare(&[two, three], SEGMENT, &[in_both]).expect("both");
    // It ends where the third begins.
    compare(&[two], SEGMENT, &[(1, 0x20_0028, 0x30_0000)]).expect("one is enough");
    // After a fork the later timeline has its beginning too.
    let later = "000000020000000000000003";
    compare(&[two, later], SEGMENT, &[(2, 0x30_0010, 0x30_0020), in_both]).expect("both");
    for (said, names, size, wal) in [
        ("000000010000000000000003 is missing", &[two][..], SEGMENT, &[in_both][..]),
        ("000000010000000000000002 is missing", &[three], SEGMENT, &[in_both]),
        ("000000020000000000000002 is missing", &[two], SEGMENT, &[(2, 0x20_0028, 0x20_0030)]),
        ("000000010000000100000000 is missing", &[two], SEGMENT, &[(1, 1 << 32, (1 << 32) + 1)]),
        ("it holds no WAL", &[], SEGMENT, &[in_two]),
        ("no segment", &[two], SEGMENT - 512, &[in_two]),
        ("no segment", &[two], SEGMENT + 512, &[in_two]),
        ("is not in the manifest", &["00000001000000000000002"], SEGMENT, &[in_two]),
        ("is not in the manifest", &["00000001000000000000000g"], SEGMENT, &[in_two]),
        ("is not in the manifest", &["00000002.history"], SEGMENT, &[in_two]),
    ] {
        let wrong = compare(names, size, wal).expect_err(said);
        assert!(wrong.contains(said), "{said:?}: {wrong}");
    }
}

#[test]
fn a_file_that_is_another_is_missing_or_is_not_in_the_manifest_is_named() {
    let wal = [(1, 0x20_0028, 0x20_0030)];
    let one = manifest(&wal);
    let with = |path: &str, contents: &[u8]| {
        let segment = vec![7; SEGMENT];
        let entries = [
            (EntryType::Regular, path, contents),
            (EntryType::Regular, "pg_wal/000000010000000000000002", &segment[..]),
        ];
        listing(&ended(packed(&entries))).unwrap().compare(&one)
    };
    with("PG_VERSION", b"15\n").expect("it is the one");
    for (said, path, contents) in [
        ("PG_VERSION has 3 bytes", "PG_VERSION", &b"16\n"[..]),
        ("PG_VERSION has 4 bytes", "PG_VERSION", b"15\n\n"),
        ("PG_VERSION has 0 bytes", "PG_VERSION", b""),
        ("PG_VERSION is missing", "pg_version", b"15\n"),
    ] {
        let wrong = with(path, contents).expect_err(said);
        assert!(wrong.contains(said), "{said:?}: {wrong}");
    }
}

/// A disk that takes so many bytes.
struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = part.len().min(self.0);
        self.0 -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_full_is_what_ends_the_writing_whatever_the_archive_looks_like_then() {
    let whole = ended(packed(&[file("a", b"one"), file("b", b"two")]));
    let arrive = |room: usize| {
        let (sender, parts) = mpsc::channel(PARTS_MAX);
        for part in whole.chunks(300) {
            sender.try_send(Bytes::copy_from_slice(part)).unwrap();
        }
        drop(sender);
        ArrivingArchive::new(FullDisk(room), parts).read_whole(Path::new("base.tar"))
    };
    for room in [0, 1, 299, 300, 1_000, whole.len() - 1] {
        match arrive(room) {
            Err(BaseBackupError::Io { source, .. }) => {
                assert_eq!(source.kind(), io::ErrorKind::StorageFull, "{room}");
            }
            other => panic!("{room}: {other:?}"),
        }
    }
    let written = arrive(whole.len()).unwrap();
    let length = u64::try_from(whole.len()).unwrap();
    assert_eq!((written.bytes, written.sha256), (length, Hash::of(&whole)));
}
