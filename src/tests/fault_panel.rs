//! The panel of the failing disk of `fault_disk.c`: how a test speaks to it, and how it takes away what
//! was written and never synced.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A call that syncs a file or a directory.
pub const SYNC: u32 = 1;
/// A call that writes to a file.
pub const WRITE: u32 = 2;
/// A call that cuts a file.
pub const TRUNCATE: u32 = 4;
/// A call that opens a file, by its whole path.
pub const OPEN: u32 = 8;

const PANEL_BYTES: u64 = 96 << 20;
const UNDO_START: u64 = 8192;
const PATH_BYTES: usize = 1024;
const AT_ARMED: u64 = 0;
const AT_COUNTED: u64 = 20;
const AT_FAILED: u64 = 24;
const AT_REMEMBER: u64 = 28;
const AT_WRITES: u64 = 32;
const AT_UNDO_END: u64 = 40;
const AT_OVERFLOW: u64 = 48;
const AT_TARGET: u64 = 56;
const AT_FOLDER: u64 = AT_TARGET + PATH_BYTES as u64;
const AT_ALONE: u64 = AT_FOLDER + PATH_BYTES as u64;
const AT_SLOW: u64 = AT_ALONE + 4;

/// What the failing call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// The process is killed before the call.
    Kill,
    /// The call fails once with this error; the next one works, as after a failed fsync.
    Once(i32),
    /// The call and every one after it fail with this error.
    Lasting(i32),
}

/// No space left on the device. A write takes half of its bytes first.
pub const ENOSPC: i32 = 28;
/// Input or output error.
pub const EIO: i32 = 5;
/// Read-only file system.
pub const EROFS: i32 = 30;

/// What happened since the disk was armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskCounts {
    /// Calls that counted.
    pub counted: u32,
    /// Those of them that failed.
    pub failed: u32,
}

/// Which un-synced writes a power cut takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerLoss {
    /// All.
    All,
    /// Each by the toss of a coin with this seed.
    Some(u64),
}

/// In place of a size: a name was changed, and what was kept is the name before. One more is a name that
/// was made.
const RENAMED: u64 = u64::MAX - 1;

/// The panel of one disk.
pub struct FaultDisk {
    panel: File,
    path: PathBuf,
}

/// Compiles the shim into a folder; gives where it is.
pub fn compile(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a directory");
    let made = folder.join(format!("fault_disk.{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fault_disk.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut compile = Command::new(compiler);
    compile.args(["-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o"]);
    compile.arg(&made).arg(source).args(["-ldl", "-lpthread"]);
    assert!(compile.status().expect("a C compiler").success(), "the shim compiles");
    let shim = folder.join("fault_disk.so");
    std::fs::rename(&made, &shim).expect("a rename");
    shim
}

impl FaultDisk {
    /// A disk with its panel in a file that is made here, which does not fail yet.
    pub fn made_at(path: PathBuf) -> Self {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let panel = options.open(&path).expect("a panel");
        panel.set_len(PANEL_BYTES).expect("a panel");
        Self { panel, path }
    }

    /// The disk that this process is on already.
    pub fn opened(path: PathBuf) -> Self {
        let panel = File::options().read(true).write(true).open(&path).expect("a panel");
        Self { panel, path }
    }

    /// The file that a program on this disk shares with it.
    pub fn panel(&self) -> &Path {
        &self.path
    }

    /// Which file or folder counts, and below which folder what is un-synced is remembered.
    pub fn aim(&self, target: &Path, folder: &Path) {
        self.put_path(AT_FOLDER, folder);
        self.put_path(AT_TARGET, target);
    }

    /// Calls on this file or folder count, from now on.
    pub fn count_on(&self, target: &Path) {
        self.put_path(AT_TARGET, target);
    }

    /// From now on remembers what was written to the data and not synced.
    pub fn remember(&self) {
        self.put(AT_REMEMBER, 1);
    }

    /// From now on only calls on the database itself count, not those on its log.
    pub fn aim_at_the_database_alone(&self) {
        self.put(AT_ALONE, 1);
    }

    /// From now on every sync takes so much longer, as on a disk that others use.
    pub fn slow_down(&self, micros: u32) {
        self.put(AT_SLOW, micros);
    }

    /// From now on counts calls on the ledger's files; the `at`-th fails, or none when it is 0.
    pub fn arm(&self, calls: u32, at: u32, fault: DiskFault) {
        let (error, lasting) = match fault {
            DiskFault::Kill => (0, 0),
            DiskFault::Once(error) => (error, 0),
            DiskFault::Lasting(error) => (error, 1),
        };
        self.put(AT_ARMED, 0);
        let error = u32::try_from(error).expect("an errno");
        for (place, value) in [(4, calls), (8, at), (12, error), (16, lasting)] {
            self.put(place, value);
        }
        self.put(AT_COUNTED, 0);
        self.put(AT_FAILED, 0);
        self.put(AT_ARMED, 1);
    }

    /// What happened so far.
    pub fn counts(&self) -> DiskCounts {
        DiskCounts { counted: self.get(AT_COUNTED), failed: self.get(AT_FAILED) }
    }

    /// Whether calls count; what was counted before is that of an earlier fault.
    pub fn is_armed(&self) -> bool {
        self.get(AT_ARMED) != 0
    }

    /// No call counts or fails any more.
    pub fn disarm(&self) -> DiskCounts {
        self.put(AT_ARMED, 0);
        self.counts()
    }

    /// Calls of `write`, `pwrite` and `writev` on any descriptor that the shim saw.
    pub fn writes(&self) -> u64 {
        self.long(AT_WRITES)
    }

    /// Takes what was not synced out of the files again, as a power cut does. The program has to
    /// have ended. How many writes were taken.
    pub fn cut_power(&self, lost: PowerLoss) -> usize {
        self.cut_power_of(lost, &|path| path.to_owned())
    }

    /// The same for a copy of the files, made while the program still ran: `copy` says where the
    /// copy of a file is.
    pub fn cut_power_of(&self, lost: PowerLoss, copy: &dyn Fn(&Path) -> PathBuf) -> usize {
        assert_eq!(self.long(AT_OVERFLOW), 0, "everything un-synced was remembered");
        let end = self.long(AT_UNDO_END);
        let mut bytes = vec![0; usize::try_from(end).expect("a length")];
        self.panel.read_exact_at(&mut bytes, UNDO_START).expect("the panel");
        let mut files: BTreeMap<PathBuf, Vec<Undo>> = BTreeMap::new();
        let mut names = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (entry, after) = Undo::parse(rest);
            if entry.state != 0 && entry.size >= RENAMED {
                names.push(entry);
            } else if entry.state != 0 {
                files.entry(entry.path.clone()).or_default().push(entry);
            }
            rest = after;
        }
        let mut rng = Rng(match lost {
            PowerLoss::All => 0,
            PowerLoss::Some(seed) => seed | 1,
        });
        let taken: usize =
            files.iter().map(|(path, writes)| take(&copy(path), writes, lost, &mut rng)).sum();
        let lost_names = names.iter().rev().filter(|name| {
            let stays = lost != PowerLoss::All && name.state == 1 && rng.toss();
            !stays && name.take_name(copy)
        });
        let taken = taken + lost_names.count();
        self.panel.write_all_at(&0_u64.to_ne_bytes(), AT_UNDO_END).expect("the panel");
        taken
    }

    /// What was not synced stays, as after a kill: the system still has it.
    pub fn forget(&self) -> usize {
        self.panel.write_all_at(&0_u64.to_ne_bytes(), AT_UNDO_END).expect("the panel");
        0
    }

    fn put(&self, at: u64, value: u32) {
        self.panel.write_all_at(&value.to_ne_bytes(), at).expect("the panel");
    }

    fn put_path(&self, at: u64, path: &Path) {
        let mut bytes = path.as_os_str().as_encoded_bytes().to_vec();
        assert!(bytes.len() < PATH_BYTES, "a short path");
        bytes.push(0);
        self.panel.write_all_at(&bytes, at).expect("the panel");
    }

    fn get(&self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.panel.read_exact_at(&mut bytes, at).expect("the panel");
        u32::from_ne_bytes(bytes)
    }

    fn long(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.panel.read_exact_at(&mut bytes, at).expect("the panel");
        u64::from_ne_bytes(bytes)
    }
}

/// One write that was not synced, and what it replaced.
struct Undo {
    state: u64,
    offset: u64,
    length: u64,
    before: Vec<u8>,
    size: u64,
    path: PathBuf,
}

impl Undo {
    fn parse(bytes: &[u8]) -> (Self, &[u8]) {
        let number = |i: usize| {
            let bytes = bytes[i * 8..i * 8 + 8].try_into().expect("eight bytes");
            u64::from_ne_bytes(bytes)
        };
        let size = |i: usize| usize::try_from(number(i)).expect("a length");
        let (path, kept) = (size(6), size(4));
        let (name, old) = (&bytes[56..56 + path], &bytes[56 + path..56 + path + kept]);
        let path = PathBuf::from(String::from_utf8(name.to_vec()).expect("text"));
        let (state, offset, length, size_before) = (number(1), number(2), number(3), number(5));
        let entry = Self { state, offset, length, before: old.to_vec(), size: size_before, path };
        (entry, &bytes[size(0)..])
    }

    fn end(&self) -> u64 {
        self.offset + self.length
    }

    /// Takes a name that its folder does not hold yet; whether it was there.
    fn take_name(&self, copy: &dyn Fn(&Path) -> PathBuf) -> bool {
        let path = copy(&self.path);
        if self.size == RENAMED {
            let before = PathBuf::from(String::from_utf8(self.before.clone()).expect("text"));
            return std::fs::rename(path, copy(&before)).is_ok();
        }
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.is_ok()
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.offset < other.end() && other.offset < self.end()
    }
}

/// Undoes the lost writes of one file. A write that a later one covers in part is lost: what the
/// disk would hold of it cannot be told.
fn take(path: &Path, writes: &[Undo], lost: PowerLoss, rng: &mut Rng) -> usize {
    let Ok(file) = File::options().read(true).write(true).open(path) else { return 0 };
    let mut kept: Vec<(u64, Vec<u8>)> = Vec::new();
    for (place, write) in writes.iter().enumerate() {
        let covered = writes[place + 1..].iter().any(|later| later.overlaps(write));
        let stays = lost != PowerLoss::All && write.state == 1 && !covered && rng.toss();
        let mut bytes = vec![0; usize::try_from(write.length).expect("a length")];
        // A kill between the note and the write leaves a file without these bytes.
        if stays && file.read_exact_at(&mut bytes, write.offset).is_ok() {
            kept.push((write.offset, bytes));
        }
    }
    for write in writes.iter().rev() {
        file.write_all_at(&write.before, write.offset).expect("a file");
    }
    file.set_len(writes[0].size).expect("a file");
    for (offset, bytes) in &kept {
        file.write_all_at(bytes, *offset).expect("a file");
    }
    writes.len() - kept.len()
}

/// Small repeatable randomness: xorshift64*.
pub struct Rng(pub u64);

impl Rng {
    /// The coin of a seed; equal seeds fall equally.
    pub fn seeded(seed: u64) -> Self {
        let mut rng = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        rng.next();
        rng
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    fn toss(&mut self) -> bool {
        self.below(2) == 0
    }
}

#[test]
fn a_power_cut_takes_what_was_not_synced_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("file");
    std::fs::write(&path, b"0123456789--").expect("a file");
    let undo = |offset, length, before: &[u8], size| Undo {
        state: 1,
        offset,
        length,
        before: before.to_vec(),
        size,
        path: path.clone(),
    };
    // Ten bytes stood there; `45` became `AB`, and then two were appended.
    let writes = [undo(4, 2, b"AB", 10), undo(10, 2, b"", 10)];
    assert_eq!(take(&path, &writes, PowerLoss::All, &mut Rng(0)), 2);
    assert_eq!(std::fs::read(&path).expect("a file"), b"0123AB6789");
    std::fs::write(&path, b"0123456789--").expect("a file");
    let taken = take(&path, &writes, PowerLoss::Some(1), &mut Rng(1));
    let after = std::fs::read(&path).expect("a file");
    assert_eq!(usize::from(after[4] == b'A') + usize::from(after.len() == 10), taken);
}
