//! Which room may import which. A new arrow is a change of design: it is made here first.

use crate::source::files::{Source, rust};
use crate::source::tree::{Arrow, Said, SourceModule, files};
use std::collections::{BTreeMap, BTreeSet};

/// A room, and the rooms that it may import. `serve` and `cli` may import every room.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("crash", &[]),
    ("metrics", &[]),
    ("files", &[]),
    ("store", &["crash", "metrics", "files"]),
    ("explain", &["model"]),
    ("kernel", &["model", "crash", "files"]),
    ("ledger", &["model", "store", "crash", "files"]),
    ("http_client", &[]),
    ("identity", &["model", "http_client"]),
    ("authority", &["model", "store", "identity"]),
    ("observe", &["model", "explain", "kernel", "ledger", "metrics"]),
    ("cross_check", &["model", "kernel", "store", "ledger", "authority", "crash"]),
    (
        "workflow",
        &[
            "model",
            "crash",
            "explain",
            "kernel",
            "store",
            "ledger",
            "identity",
            "authority",
            "observe",
        ],
    ),
    ("ui", &["model", "ledger"]),
    ("browser", &["ui"]),
    ("text", &["model"]),
    ("web", &["model", "identity", "authority", "observe", "workflow", "ui", "text", "metrics"]),
];

/// The rooms at the top, which put the others together, and the tests that see all.
const COMPOSERS: [&str; 3] = ["serve", "cli", "tests"];

/// What tests that stand in a room may import besides, and why.
const ARROWS_OF_TESTS: &[(&str, &[&str], &str)] = &[
    ("workflow", &["text"], "a state that is made by hand stands with the tests of the texts"),
    ("text", &["kernel"], "a text is read in the words of a kernel that there is"),
];

/// The sources by their paths.
fn sources() -> BTreeMap<String, String> {
    rust().into_iter().map(|source| (source.path, source.text)).collect()
}

fn library(sources: &BTreeMap<String, String>) -> Vec<(SourceModule, Said)> {
    files("src/lib.rs", &|path| sources.get(path).cloned())
}

fn violations(place: &SourceModule, said: &Said) -> Vec<String> {
    let Some(room) = place.room().filter(|room| !COMPOSERS.contains(room)) else {
        return Vec::new();
    };
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{}: the room {room} is not in the table", place.path)];
    };
    let in_tests = ARROWS_OF_TESTS.iter().find(|(name, ..)| *name == room);
    let in_tests = in_tests.map_or(&[] as &[&str], |(_, besides, _)| *besides);
    let judge = |arrow: &Arrow| match &arrow.to {
        Err(why) => Some(format!("{}: {why}; name the room: crate::room::item", place.path)),
        Ok(to) if to == room || allowed.contains(&to.as_str()) => None,
        Ok(to) if arrow.is_test && in_tests.contains(&to.as_str()) => None,
        Ok(to) => Some(format!("{}: {room} may not import {to}", place.path)),
    };
    said.arrows.iter().filter_map(judge).collect()
}

/// C1.2, C10.2.
#[test]
fn rooms_import_only_what_the_table_allows() {
    let library = library(&sources());
    let found: Vec<_> = library.iter().flat_map(|(place, said)| violations(place, said)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A room that this one may import neither in its code nor in its tests.
fn forbidden_to(room: &str) -> &'static str {
    let code = ARROWS.iter().filter(|(from, _)| *from == room).flat_map(|(_, to)| *to);
    let tests =
        ARROWS_OF_TESTS.iter().filter(|(from, ..)| *from == room).flat_map(|(_, to, _)| *to);
    let allowed: BTreeSet<_> = code.chain(tests).chain([&room]).copied().collect();
    let all = ARROWS.iter().map(|(room, _)| *room).chain(COMPOSERS);
    all.into_iter().find(|to| !allowed.contains(to)).expect("no room may import all")
}

#[test]
fn an_import_that_is_planted_in_any_file_of_any_room_is_seen() {
    let sources = sources();
    let library = library(&sources);
    let rooms: BTreeSet<_> = library.iter().filter_map(|(place, _)| place.room()).collect();
    let expected = ARROWS.iter().map(|(room, _)| *room).chain(COMPOSERS);
    assert_eq!(rooms, expected.collect(), "every room has files, and every file a room");
    for (place, said) in &library {
        let Some(room) = place.room().filter(|room| !COMPOSERS.contains(room)) else { continue };
        let (before, to) = (violations(place, said).len(), forbidden_to(room));
        let up = "super::".repeat(place.module.len());
        let planted = [
            format!("use crate::{to}::planted;"),
            format!("use {up}{to}::planted;"),
            format!("use aerodb_control::{to}::planted;"),
            format!("#[cfg(test)] mod planted {{ fn f(x: &crate::{to}::Planted) {{}} }}"),
            format!("#[cfg(test)] mod planted {{ use super::{up}{to}::planted; }}"),
            format!("fn planted() {{ view! {{ <p>{{crate::{to}::planted()}}</p> }} }}"),
            format!("use crate::{{{to}, model}};"),
            "use crate as planted;".to_owned(),
        ];
        let text = sources.get(&place.path).expect("it was read");
        let found = violations(place, &place.read(&format!("{text}\n{}", planted.join("\n"))));
        assert_eq!(found.len(), before + planted.len(), "{}: {found:#?}", place.path);
    }
}

#[test]
fn the_reading_follows_every_module_and_no_comment() {
    let crate_of = |texts: &[(&str, &str)]| {
        let texts: BTreeMap<_, _> = texts.iter().map(|(p, t)| (*p, (*t).to_owned())).collect();
        let library = files("src/lib.rs", &|path| texts.get(path).cloned());
        library.iter().flat_map(|(place, said)| violations(place, said)).collect::<Vec<_>>()
    };
    let bad = "fn f() -> crate::workflow::Workflow {}";
    for texts in [
        [("src/lib.rs", "mod ui;"), ("src/ui.rs", "mod a;"), ("src/ui/a.rs", bad)],
        [("src/lib.rs", "mod ui;"), ("src/ui.rs", "#[cfg(test)] mod a;"), ("src/ui/a.rs", bad)],
        [
            ("src/lib.rs", "mod ui;"),
            ("src/ui.rs", "#[path = \"../x/a.rs\"] mod a;"),
            ("x/a.rs", bad),
        ],
        [("src/lib.rs", "mod ui;"), ("src/ui.rs", "mod a { mod b; }"), ("src/ui/a/b.rs", bad)],
    ] {
        assert_eq!(crate_of(&texts), [format!("{}: ui may not import workflow", texts[2].0)]);
    }
    let good = "// crate::workflow\n/// [`crate::workflow`]\nconst A: &str = \"crate::workflow\";";
    assert_eq!(crate_of(&[("src/lib.rs", "mod ui;"), ("src/ui.rs", good)]), Vec::<String>::new());
    let unknown = crate_of(&[("src/lib.rs", "mod elsewhere;"), ("src/elsewhere.rs", "")]);
    assert_eq!(unknown, ["src/elsewhere.rs: the room elsewhere is not in the table"]);
}

/// The crates of this package: the library, the programs, the tests and what measures.
const ROOTS: [&str; 8] = [
    "src/lib.rs",
    "src/main.rs",
    "src/bin/bundle.rs",
    "src/bin/postgres_trial.rs",
    "src/tests/mod.rs",
    "src/tests/ledger_bench.rs",
    "src/tests/kernel_bench.rs",
    "src/tests/pages_bench.rs",
];

#[test]
fn every_rust_file_is_a_module_of_some_crate() {
    let sources = sources();
    let read = |path: &str| sources.get(path).cloned();
    let reached = ROOTS.iter().flat_map(|root| files(root, &read));
    let reached: BTreeSet<_> = reached.map(|(place, _)| place.path).collect();
    let all: BTreeSet<_> = sources.keys().cloned().collect();
    assert_eq!(all.difference(&reached).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Every place in the code, outside tests, that contains `needle`.
pub fn places(needle: &str) -> Vec<String> {
    let hits = |source: Source| {
        let is_hit = |(_, line): &(usize, &str)| line.contains(needle);
        let count = source.code().filter(is_hit).count();
        vec![source.path.clone(); count]
    };
    let is_test = |s: &Source| s.room() == Some("tests") || s.path.ends_with("/tests.rs");
    let mut found: Vec<_> = rust().into_iter().filter(|s| !is_test(s)).flat_map(hits).collect();
    // A directory is read in no order.
    found.sort();
    found
}

/// C1.3, C4.3, C6.3.
#[test]
fn the_kernel_is_commanded_in_one_place_each() {
    assert_eq!(places("kernel.apply("), ["src/workflow/confirm.rs"], "C4.3");
    // The negative controls of a debug build send wrongly on purpose.
    let injected_bug = "src/serve/injected_bug.rs";
    for made in ["PendingOrder::new(", ".dispatched("] {
        assert_eq!(places(made), [injected_bug, injected_bug, "src/workflow/confirm.rs"], "C3.3");
    }
    assert_eq!(places("kernel.open("), ["src/workflow/confirm.rs"], "C4.3");
    assert_eq!(places("kernel.resolve("), ["src/workflow/resolve.rs"], "C6.3");
}

/// C9.5: an acceptance and a verification read a kernel that does not run, and a start compares first.
#[test]
fn only_serve_starts_the_kernel() {
    let root = "src/serve/kernels.rs";
    assert_eq!(places("EmbeddedKernel::start("), [root]);
    assert_eq!(places("EmbeddedKernel::hold("), [root]);
    assert_eq!(places("EmbeddedKernel::open("), Vec::<String>::new(), "without a comparison");
    assert_eq!(places(".start_or_hold("), ["src/serve.rs", "src/serve/hold.rs"]);
}

/// C9.2: closing any descriptor of a file ends the locks that SQLite has on it.
#[test]
fn a_database_of_the_kernel_is_opened_by_sqlite_and_by_nothing_else() {
    let is_kernel = |path: &String| path.starts_with("src/kernel");
    let needles = ["File::open(", "fs::read(", "fs::copy(", "File::options()", "OpenOptions"];
    let mut found: Vec<String> = needles.into_iter().flat_map(places).filter(is_kernel).collect();
    found.sort_unstable();
    let of = |name: &str| format!("src/kernel/embedded/{name}.rs");
    let allowed = [
        // The files of a backup, and directories.
        of("backup"),
        of("backup"),
        of("backup"),
        // The counts of saves.
        of("counts"),
        // A planted fault.
        of("kept"),
        // A file of the version before and its seal, before SQLite opens it.
        of("migration"),
        of("migration"),
        // The files of a backup, and the certificates of authorities.
        "src/kernel/postgres/backup/files.rs".to_owned(),
        "src/kernel/postgres/backup/files.rs".to_owned(),
        "src/kernel/postgres/tls.rs".to_owned(),
    ];
    assert_eq!(found, allowed);
}

/// C2.4.
#[test]
fn the_ledger_is_written_by_the_workflow_and_at_the_start_only() {
    let writers = places("ledger.append(");
    let stray: Vec<_> = writers
        .iter()
        .filter(|path| !(path.starts_with("src/workflow") || path.starts_with("src/serve")))
        .collect();
    assert!(!writers.is_empty() && stray.is_empty(), "{stray:?}");
}

/// C3.1: a person is named in a draft where they were just looked at again, and nowhere else.
#[test]
fn no_record_names_a_person_but_in_the_transaction_that_looks_at_them() {
    let here = ["src/workflow/record.rs", "src/ledger/append.rs"];
    let elsewhere = |needle: &str| {
        places(needle).into_iter().filter(|path| !here.contains(&path.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(elsewhere("Draft {"), Vec::<String>::new());
    // Somebody on the host, and nobody: neither has a session that could end.
    let known = elsewhere("Draft::new(Some(console())").len() + elsewhere("Draft::new(None,").len();
    let all = elsewhere("Draft::new(");
    assert!(known == all.len() && known > 0, "{known} of {all:?}");
    assert!(places("Draft::new(Some(").contains(&here[0].to_owned()), "the scan sees a person");
}

/// C2.3, C12.2.
#[test]
fn nothing_that_acts_can_wait_retry_or_run_by_itself() {
    // C2.3, C12.2: words that a control loop would need.
    let banned = ["loop {", "while ", "interval", "sleep", "retry", "timeout(", "spawn("];
    let acts = |path: &str| path.starts_with("src/workflow") || path == "src/kernel.rs";
    for source in rust().into_iter().filter(|source| acts(&source.path)) {
        for (number, line) in source.code() {
            let found = banned.iter().find(|word| line.contains(**word));
            assert_eq!(found, None, "{}:{number}: {line}", source.path);
        }
    }
}

/// C2.3, C2.4, C12.2.
#[test]
fn tasks_are_started_only_to_outlive_a_client_and_to_serve() {
    let spawners = places("tokio::spawn(");
    // It looks while somebody listens, and calls what observes and nothing else (C8.3).
    let looks = "src/kernel/postgres/observation/changes.rs";
    for path in spawners.iter().filter(|path| path.as_str() != looks) {
        assert!(path.starts_with("src/web/actions") || path.starts_with("src/serve"), "{path}");
    }
}

/// C5.1.
#[test]
fn the_pure_rooms_have_no_clock_randomness_io_async_or_unordered_map() {
    let banned = [
        "SystemTime",
        "Instant::",
        "getrandom",
        "std::fs",
        "std::net",
        "async ",
        "HashMap",
        "HashSet",
    ];
    let is_pure = |path: &str| {
        let pure = [
            "src/explain.rs",
            "src/ledger/chain.rs",
            "src/ledger/note.rs",
            "src/ledger/head_check.rs",
            "src/ledger/tree.rs",
            "src/observe/timeline/merge.rs",
        ];
        path.starts_with("src/model") || pure.contains(&path)
    };
    for source in rust().into_iter().filter(|source| is_pure(&source.path)) {
        for (number, line) in source.code() {
            let found = banned.iter().find(|word| line.contains(**word));
            assert_eq!(found, None, "{}:{number}: {line}", source.path);
        }
    }
}

#[test]
fn pages_reach_only_the_pure_half_of_the_ledger() {
    for source in rust().into_iter().filter(|s| s.room() == Some("ui")) {
        for (number, line) in source.code() {
            let named: Vec<_> = line.split("crate::ledger").skip(1).collect();
            let is_pure = |rest: &&str| rest.starts_with("::head_check::");
            assert!(named.iter().all(is_pure), "{}:{number}: {line}", source.path);
        }
    }
}

#[test]
fn no_server_function_exists() {
    // They share a page's context and default to POST; our pages take values and our routes are a table.
    assert_eq!(places("#[server"), Vec::<String>::new());
}

/// C8.3, C10.2.
#[test]
fn pages_and_queries_cannot_name_the_acting_half() {
    let half = [
        "api",
        "events",
        "export",
        "health",
        "kept",
        "nodes",
        "pages",
        "preferences",
        "reference",
        "render",
        "report",
        "timeline",
        "traces",
    ];
    for room in half {
        let path = format!("src/web/{room}.rs");
        let source = rust().into_iter().find(|s| s.path == path).expect("a file of web");
        for (number, line) in source.code() {
            for word in ["Acting", "workflow", "CommandKernel", "Ledger::"] {
                assert!(!line.contains(word), "{path}:{number}: {line}");
            }
        }
    }
}
