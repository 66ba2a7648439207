//! The script for bash, in a real bash.

use crate::serve::server::PROGRAM;
use std::process::Command;

/// What bash offers for the last of these words.
fn offered(words: &[&str]) -> Vec<String> {
    let script = Command::new(PROGRAM).args(["completions", "bash"]).output().expect("the program");
    assert!(script.status.success());
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words.len() - 1, words.len() - 2);
    let asks = format!(
        "{}\nCOMP_WORDS=({})\nCOMP_CWORD={last}\n\
         _aerodb__control '{}' '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        String::from_utf8(script.stdout).expect("text"),
        quoted.join(" "),
        words[0],
        words[last],
        words[before],
    );
    let bash = Command::new("bash").args(["--norc", "-c", &asks]).output().expect("bash");
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
    let said = String::from_utf8(bash.stdout).expect("text");
    said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values_past_the_first_word() {
    for (line, wanted) in [
        ("con", "confirm"),
        ("confirm --", "--digest"),
        ("account ", "remove"),
        ("account add --", "--role"),
        ("log --limit 3 --act", "--action"),
        ("request sw", "switchover"),
        ("explain stop_writes --", "--reason"),
        ("export-log --", "--data"),
        ("verify-log --", "--expect"),
        ("rotate-log-key --", "--reason"),
        ("contract --", "--json"),
        ("--url http://127.0.0.1:1 confirm --dig", "--digest"),
        ("kernel restore --", "--into"),
        ("completions ", "zsh"),
    ] {
        let words: Vec<&str> = std::iter::once("aerodb-control").chain(line.split(' ')).collect();
        let offered = offered(&words);
        assert!(offered.iter().any(|word| word == wanted), "{line}: {offered:?}");
    }
}
