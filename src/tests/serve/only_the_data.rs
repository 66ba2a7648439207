//! The program writes below its data directory and nowhere else, so that everything beside it can be
//! read-only.

use crate::harness::PASSWORD;
use crate::serve::server::{ServerDir, TestServer};
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Everything below a folder but its data directory: by path, when it was changed, and how large it is.
fn seen(folder: &Path, data: &Path, into: &mut BTreeMap<PathBuf, (i64, i64, u64)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path == data {
            continue;
        }
        let about = std::fs::symlink_metadata(&path).expect("it is there");
        into.insert(path.clone(), (about.mtime(), about.mtime_nsec(), about.size()));
        if about.is_dir() {
            seen(&path, data, into);
        }
    }
}

/// The regular files that a process has open for writing.
fn written_to(server: &TestServer) -> Vec<PathBuf> {
    let process = PathBuf::from(format!("/proc/{}", server.process()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(process.join("fd")).expect("the server runs") {
        let descriptor = entry.expect("an entry").file_name();
        let Ok(target) = std::fs::read_link(process.join("fd").join(&descriptor)) else { continue };
        let about = std::fs::read_to_string(process.join("fdinfo").join(&descriptor));
        let about = about.unwrap_or_default();
        let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = u32::from_str_radix(flags.unwrap_or("0").trim(), 8).expect("octal");
        // The two lowest bits say how it was opened; none of them is for reading alone.
        if flags & 3 != 0 && target.is_absolute() && target.is_file() {
            found.push(target);
        }
    }
    found
}

#[test]
fn with_everything_but_its_data_read_only_a_server_serves_acts_and_stops() {
    let place = ServerDir::new();
    aerodb_control::files::private::create_directory(&place.data()).expect("a directory");
    for empty in ["home", "tmp"] {
        std::fs::create_dir(place.folder().join(empty)).expect("a directory");
    }
    let mode = |mode: u32| {
        for folder in [place.folder().join("site"), place.folder().to_owned()] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder, mode).expect("ours");
        }
    };
    mode(0o555);
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    seen(place.folder(), &place.data(), &mut before);
    let variables = [("HOME", "home"), ("TMPDIR", "tmp"), ("XDG_CONFIG_HOME", "home")];
    let variables = variables.map(|(name, folder)| (name, place.folder().join(folder).into()));
    let server = place.start_under(variables).expect("it starts");
    let session = server.set_up();
    assert_eq!(server.put("a", "1").0, 200);
    for (number, kind, params) in [
        (1, "switchover", json!({"to": "n2"})),
        (2, "create_backup", json!({"name": "b1"})),
        (3, "take_checkpoint", json!({"node": "n2"})),
    ] {
        let explained = server.request(&session, &crate::harness::id(number), kind, params);
        assert_eq!(server.confirm(&session, &explained).0, 200, "{kind}");
    }
    let wrong = json!({"name": "olga", "password": format!("{PASSWORD}!")});
    assert_eq!(server.post(&session, "/api/v1/login", &wrong).0, 401);
    let data = place.data().canonicalize().expect("a path");
    let written = written_to(&server);
    let stray: Vec<_> = written.iter().filter(|path| !path.starts_with(&data)).collect();
    assert!(written.len() >= 4 && stray.is_empty(), "{stray:?} of {written:?}");
    server.terminate();
    assert!(server.ended_well());
    seen(place.folder(), &place.data(), &mut after);
    mode(0o755);
    assert_eq!(after, before, "something beside the data was written");
}
