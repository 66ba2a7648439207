//! The documents for operators that are made from the types that run are the ones that are checked in.

use crate::source::files::root;
use crate::web::openapi::is_checked_in;
use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::serve::config::{console_keys, keys, postgres_keys};
use aerodb_control::web::policy::{Needs, READS, Read};
use aerodb_control::{cli, text, web};
use std::collections::BTreeSet;

/// C12.1: every action and every way in which it can fail is written down from the type that runs.
#[test]
fn every_action_has_its_page_and_no_page_is_about_another() {
    let pages = text::action_pages(&COMPILED_IN);
    let folders = COMPILED_IN.iter().map(|spec| format!("docs/actions/{}", spec.kind));
    for folder in folders.clone() {
        std::fs::create_dir_all(root().join(folder)).expect("a folder");
    }
    for (path, text) in &pages {
        is_checked_in(&format!("docs/{path}"), text);
    }
    let mut found = BTreeSet::from(["README.md".to_owned()]);
    for folder in folders {
        for entry in std::fs::read_dir(root().join(&folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            found.insert(format!("{folder}/{name}").replace("docs/actions/", ""));
        }
    }
    let wanted: BTreeSet<String> =
        pages.iter().map(|(path, _)| path.replace("actions/", "")).collect();
    assert_eq!(found, wanted);
}

/// C4.2, C12.1: every refusal and every invariant is written down.
#[test]
fn refusals_exit_codes_and_commands_are_written_down_from_the_types() {
    is_checked_in(
        "docs/refusals.md",
        &text::refusals(&COMPILED_IN, |code| web::refusal::status(code).as_u16()),
    );
    is_checked_in("docs/exit-codes.md", &cli::exit_codes());
    is_checked_in("docs/cli.md", &cli::reference());
}

/// The browser tests visit every address of this list: one that they do not know fails them.
#[test]
fn every_address_of_the_console_is_written_down_from_the_table_that_runs() {
    let is_page = |path: &str| !path.starts_with("/api/") && !path.starts_with("/parts/");
    let pages: Vec<_> = READS.iter().filter(|(_, path, _)| is_page(path)).collect();
    let row = |(_, path, needs): &&(Read, &str, Needs)| serde_json::json!({ "path": path, "needs": needs.word() });
    let rows: Vec<_> = pages.iter().map(row).collect();
    let text = serde_json::to_string_pretty(&rows).expect("JSON") + "\n";
    is_checked_in("docs/pages.json", &text);
}

#[test]
fn every_setting_is_written_down_as_the_program_reads_it() {
    let shipped = std::fs::read_to_string(root().join("Leptos.toml")).expect("the settings");
    let shipped: toml::Table = shipped.parse().expect("TOML");
    let control = shipped["control"].as_table().expect("a table");
    let wanted: BTreeSet<_> = control.keys().cloned().collect();
    let keys = keys();
    assert_eq!(keys.iter().map(|(key, _)| key.clone()).collect::<BTreeSet<_>>(), wanted);
    let mut text = INTRODUCTION.to_owned();
    for (key, about) in &keys {
        assert!(!about.is_empty(), "{key}");
        let value = &control[key];
        text.push_str(&format!("| `{key}` | {about} | `{value}` |\n"));
    }
    text.push_str(POSTGRES);
    for (key, about) in postgres_keys() {
        assert!(!about.is_empty(), "{key}");
        text.push_str(&format!("| `{key}` | {about} |\n"));
    }
    text.push_str(CONSOLE);
    let leptos = shipped["package"]["metadata"]["leptos"].as_table().expect("a table");
    let keys = console_keys();
    assert_eq!(keys.len(), leptos.len());
    for (key, about) in &keys {
        text.push_str(&format!("| `{key}` | {about} | `{}` |\n", leptos[key]));
    }
    text.push_str(ENVIRONMENT);
    is_checked_in("docs/configuration.md", &text);
}

const INTRODUCTION: &str = "# Configuration

This page is generated from the type that the settings are read into.

`aerodb-control serve` reads `Leptos.toml`: the one that `--config` names, else the one in the
working directory or a folder above it, else the one beside the program or above it. Without any
every setting is as shipped, and where the data is has to be said: `--data DIR`, or
`AERODB_CONTROL_DATA`. In a file every key
that is not called optional has to be there, unless a variable or an option brings it. A key or a
table that nothing reads stops the start, wherever in the file it stands, and is named with its
line: a key of `[control]` below the line `[package.metadata.leptos]` is one.

One rule holds for every setting: an option of the command line ([serve](cli.md)) wins over a
variable of the environment, that over the file, and the file over what is in force where nobody
says anything. Paths in the file are relative to the file; those in variables and options to the
working directory.

`aerodb-control config show`, with the options of `serve`, prints every setting with its value and
where that came from: an option, a variable, a line of the file, or none of them. Secrets stand in
files of their own, so that it prints their paths and never a secret. `aerodb-control config check
FILE` says all that is wrong with a file, and with the files that it names, as a start in the same
environment would find it; a value that a variable replaces is not judged. Neither starts, opens
or changes anything, and no server is asked.

## `[control]`

| key | meaning | as shipped |
| --- | --- | --- |
";

const POSTGRES: &str = "
## `[control.postgres]`

Only with `kernel = \"postgres\"`, and then without `nodes` and `data-api`: what would change nothing
is refused. The table stands below the keys of `[control]` and above the line
`[package.metadata.leptos]`. It is not `[control.kernel.postgres]`, because TOML allows no table
under a key that is a word already.

| key | meaning |
| --- | --- |
";

const CONSOLE: &str = "
## `[package.metadata.leptos]`

The console's own part, read by the framework. A program of `make build` carries its site: what is
said here of files and folders is read only by one that carries none, as `cargo build` makes it.

| key | meaning | as shipped |
| --- | --- | --- |
";

const ENVIRONMENT: &str = "
## Environment

| variable | meaning |
| --- | --- |
| `AERODB_CONTROL_URL` | the control plane that commands talk to, instead of `--url` |
| `AERODB_CONTROL_CA_FILE` | who may have signed its certificate, instead of `--ca-file` |
| `AERODB_CONTROL_TOKEN` | the token that commands carry, instead of the session of `login` |
| `XDG_CONFIG_HOME`, `HOME` | where `login` keeps its session: `aerodb-control/session.json` |
| `AERODB_CONTROL_KEY` | wins over `key` of `[control]`: `AERODB_CONTROL_TLS_CERT` |
| `AERODB_CONTROL_POSTGRES_KEY` | wins over `key` of `[control.postgres]` |
| `LEPTOS_KEY` | wins over `key` of the console's part: `LEPTOS_SITE_ADDR` |

`KEY` is the key in capitals, with `_` for `-`. A text, an address and a path are written as they
are, without quotes; a number, `true`, a list and a table as in the file:
`AERODB_CONTROL_NAMES='[\"console.example\"]'`. An empty value is a value.

A variable that begins with `AERODB_` or `LEPTOS_` and that nothing reads ends every command that
it could have been meant for, and is named. Those that Kubernetes sets for a service called
`aerodb-control` are passed over.

## Who can reach it

As shipped both listeners serve this machine only, under the names `127.0.0.1`, `[::1]` and
`localhost`, and the connections are not encrypted.

For other machines the console needs a certificate (`tls-cert`, `tls-key`), a name (`names`) and an
address to listen on; connections are then TLS 1.3. Without a certificate the start is refused,
unless `plain-http-beyond-loopback` says that something in front of it encrypts. A request that
names another host is answered with 421. The data API asks nobody who they are: no setting lets it
leave this machine. [deploy](../deploy/README.md) has a unit for systemd and a recipe for a
container.

One address may fail to sign in ten times, ten times at one name, and then once in ten seconds;
all addresses together a hundred times at one name. The answer is 429 and says how long to wait. No
account is ever locked: who signed in from an address before is held there by the limit of their
own name alone, and who is signed in by that of the session. IPv6 counts by the first 64 bits, and
this machine is one address. What is turned away is on record once a minute, with how many, and so
is what nobody known tries.

`observer-listen`, or `serve --observer-listen`, opens one more listener for those who only look.
Its router is made of the routes that read and of nothing else: no route that acts and no way to
sign in exists there. A session of the console and a token are honoured, everybody is an observer
there, and nothing that reaches it writes anything. [Access](access.md) says more.

`/healthz` and `/readyz` answer anybody who reaches the listener, under whatever name, and say
nothing about the cluster.
`/metrics` needs a session or a token, as every other question does: figures say when a cluster
is in trouble and how often people are refused. A scraper carries a token of its own
(`aerodb-control token issue`), which reads and never confirms. Scraping changes nothing, and
however often probes and scrapers ask, one observation serves them all for 5 seconds, unless the
cluster or the log is known to have changed: `aerodb_control_cluster_observation_timestamp_seconds`
says when it was made. A value that is not known has no series: `aerodb_control_series_unknown`
names it. [Alert rules and a dashboard](../deploy/README.md#watched) are in the folder deploy.

## While it runs

SIGHUP reads the file and the certificate again, under the options and variables of the start.
Another certificate (`tls-cert`, `tls-key`) is served from then on. What else changed is named on
standard error and waits for a restart: who may act, and how, changes with a start, which is on
record. What cannot be read changes nothing. SIGTERM and SIGINT end the server after the action
that runs.

A connection may be idle for 180 seconds between two requests, which is longer than common proxies
keep theirs, and every answer says it (`Keep-Alive`). The head of a request has 5 seconds from its
first byte, its body 10.

## Lines for a collector

While it runs, the server tells every record on standard error: `--log text`, `--log json` (one
object to a line, with `seq`, `kind`, `action_id`, `actor`, `stage` and `hash`) or `--log off`.
The lines repeat the log and are no replacement for it: only the log is signed. A record that a
command beside the server made is told with the next one of the server.
";
