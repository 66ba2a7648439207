//! The manifest that PostgreSQL sends with a base backup: each file with its size and its SHA-256, the WAL
//! that a restore needs, and a checksum over itself. A form that is not known to the letter is refused.

use super::replication::{WalPosition, parse_lsn};
use crate::model::canonical::Hash;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The newest form that is read. Since the second it names the system.
const VERSION_MAX: u32 = 2;
const ALGORITHM: &str = "SHA256";
/// How the last line of it begins, and how it ends.
const CHECKSUM: (&[u8], &[u8]) = (b"\"Manifest-Checksum\": \"", b"\"}\n");

/// What a file of a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSum {
    /// Its size, in bytes.
    pub size: u64,
    /// The SHA-256 of what it holds.
    pub sha256: Hash,
}

/// A part of the WAL that a restore needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalRange {
    /// Its beginning, with the timeline.
    pub begins: WalPosition,
    /// The LSN up to which it is needed.
    pub end: u64,
}

/// What a base backup has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupManifest {
    /// The system that it is of; servers before 17 do not say it.
    pub system_identifier: Option<u64>,
    /// The files by their paths, which need not be text.
    pub files: BTreeMap<Vec<u8>, FileSum>,
    /// The WAL, the newest part first.
    pub wal: Vec<WalRange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestText {
    #[serde(rename = "PostgreSQL-Backup-Manifest-Version")]
    version: u32,
    #[serde(rename = "System-Identifier")]
    system_identifier: Option<u64>,
    #[serde(rename = "Files")]
    files: Vec<FileText>,
    #[serde(rename = "WAL-Ranges")]
    wal: Vec<WalText>,
    #[serde(rename = "Manifest-Checksum")]
    checksum: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(rename = "Path")]
    path: Option<String>,
    /// In hexadecimal digits, where it is no text.
    #[serde(rename = "Encoded-Path")]
    encoded_path: Option<String>,
    #[serde(rename = "Size")]
    size: u64,
    #[serde(rename = "Last-Modified")]
    _last_modified: String,
    #[serde(rename = "Checksum-Algorithm")]
    algorithm: String,
    #[serde(rename = "Checksum")]
    checksum: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WalText {
    #[serde(rename = "Timeline")]
    timeline: u32,
    #[serde(rename = "Start-LSN")]
    start: String,
    #[serde(rename = "End-LSN")]
    end: String,
}

impl BackupManifest {
    /// Reads a manifest, and sees that it has its own checksum.
    ///
    /// # Errors
    /// What is wrong with it, as a clause that begins with what was found.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        check_itself(bytes)?;
        let text: ManifestText =
            serde_json::from_slice(bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        if text.version == 0 || text.version > VERSION_MAX {
            return Err(format!(
                "it has version {}, and this program reads 1 to {VERSION_MAX}",
                text.version
            ));
        }
        if text.system_identifier.is_some() != (text.version > 1) {
            return Err("it names the system where its version does not, or the reverse".to_owned());
        }
        // It was compared where it stands as bytes; this is the same one.
        if own_checksum(bytes).map(|(_, named)| named) != Hash::parse(&text.checksum) {
            return Err("it has two checksums".to_owned());
        }
        let mut files = BTreeMap::new();
        for file in text.files {
            let (path, sum) = file.read()?;
            if files.contains_key(&path) {
                return Err(format!("it names {} twice", shown(&path)));
            }
            files.insert(path, sum);
        }
        let wal = text.wal.iter().map(WalText::read).collect::<Result<Vec<_>, _>>()?;
        if wal.is_empty() {
            return Err("it names no WAL".to_owned());
        }
        Ok(Self { system_identifier: text.system_identifier, files, wal })
    }

    /// Whether the WAL that it names is that between two positions.
    ///
    /// # Errors
    /// What it names instead.
    pub fn check_wal(&self, begins: WalPosition, ends: WalPosition) -> Result<(), String> {
        let first = self.wal.iter().any(|range| range.begins == begins);
        let is_last =
            |range: &WalRange| (range.begins.timeline, range.end) == (ends.timeline, ends.lsn);
        let last = self.wal.iter().any(is_last);
        if first && last {
            return Ok(());
        }
        Err(format!(
            "it names {:?}, and the server said that the backup reaches from {begins} to {ends}",
            self.wal
        ))
    }
}

impl FileText {
    fn read(self) -> Result<(Vec<u8>, FileSum), String> {
        let path = match (self.path, self.encoded_path) {
            (Some(path), None) => path.into_bytes(),
            (None, Some(encoded)) => hex::decode(&encoded)
                .map_err(|_| format!("it names a file by {encoded:?}, which is no path"))?,
            _ => return Err("it names a file by no path, or by two".to_owned()),
        };
        if self.algorithm != ALGORITHM {
            let (name, found) = (shown(&path), self.algorithm);
            return Err(format!("it has {found} of {name}, and {ALGORITHM} was asked for"));
        }
        let sha256 = Hash::parse(&self.checksum)
            .ok_or_else(|| format!("its checksum of {} is none", shown(&path)))?;
        Ok((path, FileSum { size: self.size, sha256 }))
    }
}

impl WalText {
    fn read(&self) -> Result<WalRange, String> {
        let Self { timeline, start, end } = self;
        let range = parse_lsn(start).zip(parse_lsn(end)).filter(|(start, end)| start < end);
        let wrong = || format!("it names WAL from {start} to {end} on timeline {timeline}");
        let (lsn, end) = range.filter(|_| *timeline > 0).ok_or_else(wrong)?;
        Ok(WalRange { begins: WalPosition { timeline: *timeline, lsn }, end })
    }
}

/// A path for people.
pub(super) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The bytes that the checksum of a manifest covers, and the one that it names: everything before its last
/// line, which holds nothing else.
fn own_checksum(bytes: &[u8]) -> Option<(&[u8], Hash)> {
    let (begins, ends) = CHECKSUM;
    let before_end = bytes.strip_suffix(ends)?;
    let line = before_end.iter().rposition(|byte| *byte == b'\n')?.checked_add(1)?;
    let (covered, last) = before_end.split_at_checked(line)?;
    let digits = str::from_utf8(last.strip_prefix(begins)?).ok()?;
    Some((covered, Hash::parse(digits)?))
}

fn check_itself(bytes: &[u8]) -> Result<(), String> {
    let (covered, named) = own_checksum(bytes)
        .ok_or_else(|| "it does not end with a checksum of itself".to_owned())?;
    let found = Hash::of(covered);
    if found == named {
        Ok(())
    } else {
        Err(format!("its SHA-256 is {found}, and it says of itself that it is {named}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{ "Path": "a", "Size": 1, "Last-Modified": "now", "Checksum-Algorithm": "SHA256", "Checksum": "HASH" }"#;
    const WAL: &str = r#"{ "Timeline": 1, "Start-LSN": "0/28", "End-LSN": "0/100" }"#;

    /// A manifest with its checksum, of these lines.
    fn manifest(version: &str, files: &str, wal: &str) -> Vec<u8> {
        let files = files.replace("HASH", &"ab".repeat(32));
        let lines =
            format!("{{ {version},\n\"Files\": [\n{files}\n],\n\"WAL-Ranges\": [\n{wal}\n],\n");
        let checksum = Hash::of(lines.as_bytes());
        format!("{lines}\"Manifest-Checksum\": \"{checksum}\"}}\n").into_bytes()
    }

    fn version(number: u32) -> String {
        format!("\"PostgreSQL-Backup-Manifest-Version\": {number}")
    }

    #[test]
    fn a_manifest_of_which_one_byte_is_another_is_refused() {
        let whole = manifest(&version(1), FILE, WAL);
        BackupManifest::parse(&whole).expect("it is whole");
        for at in 0..whole.len() {
            let mut other = whole.clone();
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1;
            }
            BackupManifest::parse(&other).expect_err("one bit is another");
        }
        for end in 0..whole.len() {
            let cut = whole.get(..end).unwrap_or_default();
            BackupManifest::parse(cut).expect_err("it is cut");
        }
        let twice = [&whole[..], &whole[..]].concat();
        BackupManifest::parse(&twice).expect_err("there are two");
    }

    #[test]
    fn a_manifest_of_a_form_that_is_not_known_is_refused_although_its_checksum_is_right() {
        let second = format!("{},\n\"System-Identifier\": 7", version(2));
        let (first, file) = (version(1), FILE);
        let two = format!("{file},\n{file}");
        for (found, version, files, wal) in [
            ("version 3", version(3).replace('3', "3,\n\"System-Identifier\": 7"), file, WAL),
            ("version 0", version(0), file, WAL),
            ("names the system", version(2), file, WAL),
            ("names the system", format!("{first},\n\"System-Identifier\": 7"), file, WAL),
            ("unknown field", format!("{first},\n\"Incremental\": true"), file, WAL),
            ("duplicate field", format!("{first},\n{first}"), file, WAL),
            ("names a twice", first.clone(), &two, WAL),
            ("no path", first.clone(), &file.replace("Path", "Encoded-Path"), WAL),
            ("no path, or by two", first.clone(), &file.replace("\"Path\": \"a\",", ""), WAL),
            ("CRC32C", first.clone(), &file.replace("SHA256", "CRC32C"), WAL),
            ("checksum of a", first.clone(), &file.replace("HASH", "abcd"), WAL),
            ("names no WAL", first.clone(), file, ""),
            ("0/28 to 0/28", first.clone(), file, &WAL.replace("0/100", "0/28")),
            ("x to 0/100", first.clone(), file, &WAL.replace("0/28", "x")),
            ("timeline 0", first.clone(), file, &WAL.replace(": 1,", ": 0,")),
        ] {
            let refused = BackupManifest::parse(&manifest(&version, files, wal)).expect_err(found);
            assert!(refused.contains(found), "{found:?}: {refused}");
        }
        let read = BackupManifest::parse(&manifest(&second, file, WAL)).expect("the second form");
        assert_eq!(read.system_identifier, Some(7));
    }

    #[test]
    fn a_manifest_gives_its_files_and_its_wal_and_says_where_that_is_another() {
        let encoded = FILE.replace("Path", "Encoded-Path").replace("\"a\"", "\"ff2f\"");
        let files = format!("{FILE},\n{encoded}");
        let read = BackupManifest::parse(&manifest(&version(1), &files, WAL)).expect("whole");
        let sum = FileSum { size: 1, sha256: Hash::from_bytes([0xab; 32]) };
        let paths = [(b"a".to_vec(), sum), (vec![0xff, b'/'], sum)];
        assert_eq!(read.files, BTreeMap::from(paths));
        let at = |timeline, lsn| WalPosition { timeline, lsn };
        read.check_wal(at(1, 0x28), at(1, 0x100)).expect("these");
        for (begins, ends) in
            [(at(1, 0x29), at(1, 0x100)), (at(2, 0x28), at(1, 0x100)), (at(1, 0x28), at(1, 0x101))]
        {
            let other = read.check_wal(begins, ends).expect_err("another");
            assert!(other.contains("0/"), "{other}");
        }
    }
}
