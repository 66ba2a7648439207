//! A disk that fails on command, under the real program.
//!
//! `fault_disk.c` is loaded into the program and stands before the C library, where SQLite's calls
//! and Rust's both pass. It was chosen over a tracer because it needs nothing but the C compiler
//! that the build needs anyway: no right to trace a process, which containers withhold, and no tool
//! to install. It can also be armed while the program runs, and it can take away what was written
//! and never synced, which a tracer cannot. It needs Linux and a program that is linked to the C
//! library when it starts, which is how cargo links for glibc.

pub use crate::fault_panel::{
    DiskCounts, DiskFault, EIO, ENOSPC, EROFS, FaultDisk, OPEN, PowerLoss, Rng, SYNC, TRUNCATE,
    WRITE,
};
use crate::serve::server::{ServerDir, TestServer};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The compiled shim; made once for all tests of this process.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| crate::fault_panel::compile(Path::new(env!("CARGO_TARGET_TMPDIR"))))
}

impl FaultDisk {
    /// A disk under the data of a place, which does not fail yet.
    pub fn under(place: &ServerDir) -> Self {
        let disk = Self::made_at(place.folder().join("panel"));
        let folder = place.folder().canonicalize().expect("a directory").join("data");
        disk.aim(&folder.join("control.sqlite"), &folder);
        disk
    }

    /// The variables that put the program on this disk.
    pub fn variables(&self) -> [(&'static str, OsString); 2] {
        [("LD_PRELOAD", shim().into()), ("FAULT_DISK_PANEL", self.panel().into())]
    }
}

/// Starts the program on this disk.
pub fn start(place: &ServerDir, disk: &FaultDisk) -> TestServer {
    place.start_under(disk.variables()).expect("the server said where it listens")
}

#[test]
fn every_write_of_the_program_passes_the_shim() {
    let place = ServerDir::new();
    let disk = FaultDisk::under(&place);
    let server = start(&place, &disk);
    let session = server.set_up();
    let explained =
        server.request(&session, &crate::harness::id(1), "stop_writes", serde_json::json!({}));
    assert_eq!(server.confirm(&session, &explained).0, 200);
    // The kernel counts them too. Reading the count twice shows that nothing was under way.
    let counted = || {
        let text = std::fs::read_to_string(format!("/proc/{}/io", server.process()));
        let text = text.expect("the count of the system");
        let line = text.lines().find_map(|line| line.strip_prefix("syscw: ")).expect("a line");
        line.parse::<u64>().expect("a number")
    };
    let quiet = (0..1000).find_map(|_| {
        let before = counted();
        let seen = disk.writes();
        (counted() == before).then_some((before, seen))
    });
    let (system, seen) = quiet.expect("the server comes to rest");
    assert_eq!(system, seen);
    assert!(seen > 100, "{seen} writes");
}

/// What a program on the disk does in the next test.
#[test]
fn one_program_that_makes_names() {
    let Ok(steps) = std::env::var("MAKES_NAMES") else { return };
    std::fs::create_dir("one").expect("a directory");
    let file = std::fs::File::create("one/file").expect("a file");
    std::fs::rename("old", "new").expect("a rename");
    file.sync_all().expect("a sync");
    for folder in steps.split_whitespace() {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).expect("a sync");
    }
}

/// A name lasts when its folder was synced, whatever was synced of the file.
#[test]
fn a_power_cut_takes_names_whose_folder_was_not_synced() {
    for (synced, left) in [
        ("", ["old"].as_slice()),
        ("one", &["old"]),
        (".", &["new", "one"]),
        ("one .", &["new", "one", "one/file"]),
    ] {
        let place = ServerDir::new();
        let data = place.folder().canonicalize().expect("a directory").join("data");
        std::fs::create_dir(&data).expect("a directory");
        std::fs::write(data.join("old"), "kept").expect("a file");
        let disk = FaultDisk::under(&place);
        disk.remember();
        let mut program = Command::new(std::env::current_exe().expect("this program"));
        program.args(["faults::fault_disk::one_program_that_makes_names", "--exact"]);
        program.current_dir(&data).envs(disk.variables()).env("MAKES_NAMES", synced);
        let ended = program.output().expect("it runs");
        assert!(ended.status.success(), "{ended:?}");
        disk.cut_power(PowerLoss::All);
        let there = ["new", "old", "one", "one/file"].into_iter();
        let there: Vec<_> = there.filter(|name| data.join(name).exists()).collect();
        assert_eq!(there, left, "synced: {synced}");
    }
}
