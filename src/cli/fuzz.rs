//! Generated command lines: none makes the parser panic, and none that is taken skips a step.

use super::arguments::{Cli, CliCommand};
use clap::Parser as _;

/// An option that there is not.
const SKIPS: &str = concat!("--", "force");

/// Words that commands and options are made of, and some that are none.
const WORDS: &[&str] = &[
    "serve",
    "login",
    "logout",
    "token",
    "issue",
    "account",
    "add",
    "status",
    "explain",
    "request",
    "confirm",
    "withdraw",
    "resolve",
    "finding",
    "freeze",
    "unfreeze",
    "show",
    "log",
    "timeline",
    "verify-log",
    "report",
    "kernel",
    "restore",
    "man",
    "completions",
    "help",
    "switchover",
    "n1",
    "stop_writes",
    "--json",
    "--url",
    "--ca-file",
    "--to",
    "--node",
    "--reason",
    "--digest",
    "--confirm-target",
    "--action-id",
    "--expires",
    "--role",
    "--limit",
    "--before",
    "--nodes",
    "--listen",
    "--name",
    "--tls-cert",
    "--tls-key",
    "--plain-http-beyond-loopback",
    SKIPS,
    "--yes",
    "-y",
    "--",
    "-",
    "=",
    "operator",
    "30d",
    "0",
    "-1",
    "99999999999999999999",
    "127.0.0.1:0",
    "[::1]:7400",
    "http://127.0.0.1:7400",
    "https://[",
    "http://user@host",
    "6f1c2a34-0b5d-4e6f-8a90-112233445566",
    "00",
    "a drill",
    "",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{0}",
    "=cmd|x",
    "<script>",
    "../../x",
    "ü",
];

/// Numbers that look like chance and repeat: splitmix64.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) >> 33).expect("31 bits")
}

#[test]
fn no_command_line_makes_the_parser_panic_or_confirms_without_an_id_and_a_digest() {
    let asked = std::env::var("FUZZ_CASES").ok().and_then(|text| text.parse::<u64>().ok());
    let cases = asked.map_or(2_000, |cases| cases / 50);
    let (mut taken, mut confirmed) = (0, 0);
    for case in 0..cases {
        let mut state = case.rotate_left(32);
        let mut words = vec!["aerodb-control"];
        if next(&mut state).is_multiple_of(8) {
            words.extend(["confirm", "6f1c2a34-0b5d-4e6f-8a90-112233445566", "--digest"]);
        }
        for _ in 0..next(&mut state) % 7 {
            words.extend(WORDS.get(next(&mut state) % WORDS.len()));
        }
        let Ok(cli) = Cli::try_parse_from(&words) else { continue };
        taken += 1;
        // What stands behind `--` is a value, however it is written.
        let mut options = words.iter().take_while(|word| **word != "--");
        assert!(!options.any(|w| [SKIPS, "--yes", "-y"].contains(w)), "{words:?}");
        if let CliCommand::Confirm { digest, .. } = cli.command {
            assert!(words.contains(&digest.as_str()) && words.contains(&"--digest"), "{words:?}");
            confirmed += 1;
        }
    }
    assert!(taken > 0 && confirmed > 0 && taken < cases, "{taken} of {cases}, {confirmed} confirm");
}
