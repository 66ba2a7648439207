//! What an archive holds, and whether that is what its manifest says. It is read as a stream, while it
//! arrives and again from the disk.

use crate::kernel::postgres::manifest::{BackupManifest, FileSum, WalRange, shown};
use crate::model::canonical::Hash;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read};
use tar::{Archive, Entry, EntryType};

/// How an archive ends: two empty blocks, of which the first is read as the end of its entries.
const LAST_BLOCK: [u8; 512] = [0; 512];
/// Where the WAL is, which no manifest lists.
const WAL_DIRECTORY: &[u8] = b"pg_wal/";
/// The sizes that the segments of the WAL can have, in bytes.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 1 << 20..=1 << 30;

/// The regular files of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ArchiveListing {
    files: BTreeMap<Vec<u8>, FileSum>,
}

impl ArchiveListing {
    /// Reads an archive to its end.
    ///
    /// # Errors
    /// When the reader fails, or what it gives is not one whole archive that can be unpacked by itself.
    pub(super) fn read(reader: &mut impl Read) -> io::Result<Self> {
        let mut listing = Self::default();
        let mut archive = Archive::new(&mut *reader);
        for entry in archive.entries()?.raw(true) {
            listing.add(&mut entry?)?;
        }
        let mut rest = Vec::new();
        // One byte more than there is, and no more of what should not be there.
        let limit = u64::try_from(LAST_BLOCK.len()).unwrap_or(u64::MAX).saturating_add(1);
        archive.into_inner().take(limit).read_to_end(&mut rest)?;
        if rest == LAST_BLOCK {
            Ok(listing)
        } else {
            Err(damaged("it has no end, or goes on after it"))
        }
    }

    fn add<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> io::Result<()> {
        let path = entry.path_bytes().into_owned();
        let name = shown(&path);
        if !stays_inside(&path) {
            return Err(damaged(&format!("{name:?} would be unpacked somewhere else")));
        }
        match entry.header().entry_type() {
            EntryType::Directory => return Ok(()),
            EntryType::Regular => {}
            EntryType::Symlink => {
                return Err(damaged(&format!("{name} leads to a tablespace of its own")));
            }
            other => {
                return Err(damaged(&format!("{name} is neither file nor directory: {other:?}")));
            }
        }
        let size = entry.header().entry_size()?;
        let mut hasher = Hasher(Sha256::new());
        let read = io::copy(entry, &mut hasher)?;
        if read != size {
            return Err(damaged(&format!("{name} ends after {read} of {size} bytes")));
        }
        let sum = FileSum { size, sha256: Hash::from_bytes(hasher.0.finalize().into()) };
        match self.files.insert(path, sum) {
            None => Ok(()),
            Some(_) => Err(damaged(&format!("it holds {name} twice"))),
        }
    }

    /// How many files it holds.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Compares it with a manifest. Every file of that is here and is what it says; there is nothing else
    /// but WAL; and of the WAL there is all that a restore needs.
    ///
    /// # Errors
    /// What was found instead, as a clause.
    pub(super) fn compare(&self, manifest: &BackupManifest) -> Result<(), String> {
        for (path, said) in &manifest.files {
            match self.files.get(path) {
                Some(found) if found == said => {}
                Some(found) => {
                    return Err(format!(
                        "{} has {} bytes and the SHA-256 {}, and the manifest says {} and {}",
                        shown(path),
                        found.size,
                        found.sha256,
                        said.size,
                        said.sha256
                    ));
                }
                None => return Err(format!("{} is missing", shown(path))),
            }
        }
        let others = self.files.iter().filter(|(path, _)| !manifest.files.contains_key(*path));
        let mut segments = Segments::default();
        for (path, sum) in others {
            segments.add(path, sum.size)?;
        }
        manifest.wal.iter().try_for_each(|range| segments.cover(*range))
    }
}

/// The segments of the WAL in an archive.
#[derive(Default)]
struct Segments {
    /// The size of each of them; they all have the same.
    bytes: Option<u64>,
    /// Which there are, each as its timeline and its name without it.
    names: Vec<(u32, String)>,
}

impl Segments {
    fn add(&mut self, path: &[u8], size: u64) -> Result<(), String> {
        let name = path.strip_prefix(WAL_DIRECTORY).and_then(|name| str::from_utf8(name).ok());
        let is_digit = |c: u8| c.is_ascii_digit() || (b'A'..=b'F').contains(&c);
        let parts = name
            .filter(|name| name.len() == 24 && name.bytes().all(is_digit))
            .and_then(|name| name.split_at_checked(8));
        let Some((timeline, number)) = parts else {
            return Err(format!("{} is not in the manifest", shown(path)));
        };
        let timeline = u32::from_str_radix(timeline, 16).map_err(|error| error.to_string())?;
        let fits = SEGMENT_BYTES.contains(&size) && size.is_power_of_two();
        if !fits || self.bytes.is_some_and(|bytes| bytes != size) {
            return Err(format!("{} has {size} bytes, which no segment of its has", shown(path)));
        }
        self.bytes = Some(size);
        self.names.push((timeline, number.to_owned()));
        Ok(())
    }

    /// Whether every segment of a part of the WAL is there. Where a timeline forked inside a segment, that
    /// of the later one holds what came before too.
    fn cover(&self, range: WalRange) -> Result<(), String> {
        let timeline = range.begins.timeline;
        let bytes = self.bytes.ok_or_else(|| "it holds no WAL".to_owned())?;
        let in_a_file = (1_u64 << 32) / bytes;
        for segment in range.begins.lsn / bytes..=range.end.saturating_sub(1) / bytes {
            let number = format!("{:08X}{:08X}", segment / in_a_file, segment % in_a_file);
            let is_it = |(of, name): &(u32, String)| *of >= timeline && *name == number;
            if !self.names.iter().any(is_it) {
                return Err(format!("the WAL segment {timeline:08X}{number} is missing"));
            }
        }
        Ok(())
    }
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.0.update(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a path names something below the directory that it is unpacked in.
fn stays_inside(path: &[u8]) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let is_plain = |part: &[u8]| !matches!(part, b"" | b"..");
    !path.is_empty() && path.split(|byte| *byte == b'/').all(is_plain)
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
