//! Every command of the program leaves exactly its records, against a real server and on a real data
//! directory. A command that `--help` lists and that has no row here fails.

use crate::harness::{PASSWORD, id};
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Output;

/// A run of one command: its words, what it reads, how it ends, and the records that it adds.
type CommandRow = (&'static str, Vec<String>, &'static str, i32, &'static [&'static str]);

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(|word| word.replace('_', " ").replace('~', "_")).collect()
}

fn kinds(server: &TestServer, session: &ClientSession) -> Vec<String> {
    let (status, page) = server.get(session, "/api/v1/log?limit=200");
    assert_eq!(status, 200, "{page}");
    let records = page["records"].as_array().expect("records").clone();
    let kind = |r: &Value| r["entry"]["kind"].as_str().expect("a kind").to_owned();
    records.iter().rev().map(kind).collect()
}

/// Every command that `--help` lists.
fn commands(place: &ServerDir) -> BTreeSet<String> {
    let help = place.command(None, &["--help"], "");
    let help = String::from_utf8(help.stdout).expect("text");
    let list = help.split("Commands:").nth(1).expect("a list of commands");
    let list = list.split("Options:").next().expect("its end");
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    list.lines().filter(|line| line.starts_with("  ")).filter_map(name).collect()
}

/// The rows in an order in which each finds what it needs.
fn rows(digest: &str) -> Vec<CommandRow> {
    let one = id(1);
    let line = |text: &str| {
        words(&text.replace("ID", &one).replace("DIGEST", digest).replace("TWO", &id(2)))
    };
    let asked = "request stop~writes --reason a_drill --action-id ID";
    vec![
        ("login", line("login olga"), PASSWORD, 0, &["signed_in"]),
        ("login", line("login olga"), "not the password", 8, &["sign_in_failed"]),
        ("status", line("status"), "", 0, &[]),
        ("whoami", line("whoami"), "", 0, &[]),
        ("nodes", line("nodes"), "", 0, &[]),
        ("node", line("node n2"), "", 0, &[]),
        ("node", line("node n9"), "", 2, &[]),
        ("checklist", line("checklist host~maintenance --node n3"), "", 0, &[]),
        ("checklist", line("checklist unheard~of --node n3"), "", 2, &[]),
        ("config", line("config show --config Leptos.toml"), "", 0, &[]),
        ("config", line("config check Leptos.toml"), "", 0, &[]),
        ("config", line("config check nowhere.toml"), "", 2, &[]),
        ("events", line("events --limit 3"), "", 0, &[]),
        ("catalogue", line("catalogue"), "", 0, &[]),
        ("invariants", line("invariants"), "", 0, &[]),
        ("contract", line("contract"), "", 0, &[]),
        ("completions", line("completions bash"), "", 0, &[]),
        ("man", line("man confirm"), "", 0, &[]),
        ("explain", line("explain stop~writes --reason r"), "", 0, &[]),
        ("request", line(asked), "", 0, &["requested", "explained"]),
        ("request", line(asked), "", 0, &["duplicate"]),
        ("request", line("request resume~writes --reason r"), "", 3, &["requested", "rejected"]),
        ("show", line("show ID"), "", 0, &[]),
        ("resolve", line("resolve ID --reason r"), "", 2, &["declined"]),
        ("finding", line("finding ID --executed --evidence e"), "", 2, &["declined"]),
        ("freeze", line("freeze --reason r"), "", 0, &["frozen"]),
        ("freeze", line("freeze --reason r"), "", 9, &["declined"]),
        (
            "confirm",
            line("confirm ID --digest DIGEST --confirm-target aerodb"),
            "",
            9,
            &["declined"],
        ),
        ("freeze", line("freeze --reason r --freeze-id TWO"), "", 9, &["declined"]),
        ("unfreeze", line("unfreeze --reason r --freeze 0"), "", 2, &["declined"]),
        ("unfreeze", line("unfreeze --reason r"), "", 0, &["unfrozen"]),
        // Where none stands nothing is sent: which one was meant is not guessed.
        ("unfreeze", line("unfreeze --reason r"), "", 2, &[]),
        (
            "confirm",
            line("confirm ID --digest DIGEST --confirm-target wrong"),
            "",
            2,
            &["declined"],
        ),
        (
            "confirm",
            line("confirm ID --digest DIGEST --confirm-target aerodb --reauthenticate"),
            "not the password",
            8,
            &["denied"],
        ),
        // What follows needs the session: it is kept under its new secret, also after a refusal.
        (
            "confirm",
            line("confirm ID --digest DIGEST --confirm-target wrong --reauthenticate"),
            PASSWORD,
            2,
            &["proved_again", "declined"],
        ),
        (
            "confirm",
            line("confirm ID --digest DIGEST --confirm-target aerodb"),
            "",
            0,
            &["confirmed", "dispatched", "executed"],
        ),
        ("withdraw", line("withdraw ID --reason r"), "", 2, &["declined"]),
        ("timeline", line("timeline --limit 5"), "", 0, &[]),
        ("actions", line("actions --limit 3"), "", 0, &[]),
        ("log", line("log --limit 3"), "", 0, &[]),
        ("record", line("record 0"), "", 0, &[]),
        ("record", line("record 9999"), "", 2, &[]),
        ("report", line("report ID"), "", 0, &[]),
        ("verify-log", line("verify-log --config Leptos.toml"), "", 0, &[]),
        ("report", line("report ID --data data"), "", 0, &[]),
        // While a control plane runs nobody accepts anything behind its back.
        (
            "accept",
            line("accept --reason r --confirm-target aerodb --config Leptos.toml"),
            "",
            1,
            &[],
        ),
        // While a control plane runs nobody else may sign, and that somebody tried is on record.
        (
            "rotate-log-key",
            line("rotate-log-key --reason r --config Leptos.toml"),
            "",
            9,
            &["declined"],
        ),
        ("export-log", line("export-log exported --config Leptos.toml"), "", 0, &[]),
        (
            "account",
            line("account add otto --role observer --config Leptos.toml"),
            PASSWORD,
            0,
            &["account_created"],
        ),
        (
            "account",
            line("account role otto --role auditor --config Leptos.toml"),
            "",
            0,
            &["role_changed"],
        ),
        ("account", line("account role olga --role auditor --config Leptos.toml"), "", 2, &[]),
        ("account", line("account password otto --config Leptos.toml"), "Otto-Aerodb-2025", 2, &[]),
        (
            "account",
            line("account password otto --config Leptos.toml"),
            "another harbour at dusk",
            0,
            &["password_changed"],
        ),
        ("account", line("account password nobody --config Leptos.toml"), PASSWORD, 2, &[]),
        ("account", line("account sign-out otto --config Leptos.toml"), "", 0, &["sessions_ended"]),
        ("account", line("account sign-out nobody --config Leptos.toml"), "", 2, &[]),
        ("account", line("account remove otto --config Leptos.toml"), "", 0, &["account_removed"]),
        ("account", line("account remove olga --config Leptos.toml"), "", 2, &[]),
        (
            "link",
            line("link issue --name board --expires 1h --link-id ID"),
            "",
            0,
            &["link_issued"],
        ),
        ("link", line("link issue --name board --expires 1h --link-id ID"), "", 0, &["duplicate"]),
        ("link", line("link issue --name others --expires 8d"), "", 2, &["declined"]),
        ("links", line("links"), "", 0, &[]),
        ("access", line("access"), "", 0, &[]),
        ("access", line("access --all"), "", 8, &[]),
        ("link", line("link revoke ID"), "", 0, &["link_revoked"]),
        ("token", line("token issue metrics --config Leptos.toml"), "", 0, &["token_issued"]),
        ("token", line("token revoke metrics"), "", 0, &["token_revoked"]),
        ("token", line("token revoke metrics"), "", 0, &["duplicate"]),
        ("token", line("token revoke nobody"), "", 2, &["declined"]),
        ("kernel", line("kernel restore no_backup --into new"), "", 1, &[]),
        // Where there is a cluster none is founded.
        ("init", line("init --config Leptos.toml"), "", 1, &[]),
        ("logout", line("logout"), "", 0, &["signed_out"]),
        ("request", line("request stop~writes --reason r"), "", 8, &["denied"]),
        ("help", line("help"), "", 0, &[]),
    ]
}

/// C9.1, C12.3.
#[test]
fn every_command_leaves_exactly_its_records() {
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let began = kinds(&server, &session);
    let start =
        ["founded", "boot", "setup_link_issued", "account_created", "signed_in", "signed_in"];
    assert_eq!(began, start, "init, serve and the first operator");
    let mut run = BTreeSet::from(["serve".to_owned()]);
    let mut digest = "00".repeat(32);
    let total = rows(&digest).len();
    for number in 0..total {
        let (command, words, input, code, records) = rows(&digest).swap_remove(number);
        let before = kinds(&server, &session).len();
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended: Output = place.command(Some(&server), &arguments, input);
        let said = format!("{words:?}: {ended:?}");
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert_eq!(kinds(&server, &session)[before..], *records, "{said}");
        run.insert(command.to_owned());
        if command == "request" && code == 0 {
            let path = format!("/api/v1/actions/{}", id(1));
            let (_, action) = server.get(&session, &path);
            action["digest"].as_str().expect("a digest").clone_into(&mut digest);
        }
    }
    assert_eq!(commands(&place), run, "a command without a row");
    println!("{} commands, {total} runs, each with exactly its records", run.len());
    server.kill();
}
