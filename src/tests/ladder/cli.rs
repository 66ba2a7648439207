//! The program as it is built, which has no such kernel, against a server that has.

use super::app::LadderApp;
use super::words::foreign;
use crate::cli::answered::{CommandOutput, Person};
use crate::harness::{PASSWORD, id};
use std::sync::Arc;
use tokio::net::TcpListener;

/// A person at a terminal, and the address of a control plane that listens.
struct AtTheTerminal {
    app: LadderApp,
    person: Arc<Person>,
    url: String,
}

impl AtTheTerminal {
    async fn new() -> Self {
        let app = LadderApp::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let console = app.console.clone();
        tokio::spawn(async move { axum::serve(listener, console).await });
        let terminal = Self { app, person: Arc::new(Person::new()), url };
        let signed_in = terminal.types(&["login", "olga"], PASSWORD).await;
        assert_eq!(signed_in.code, 0, "{}", signed_in.err);
        terminal
    }

    async fn types(&self, words: &[&str], input: &str) -> CommandOutput {
        let (person, url) = (Arc::clone(&self.person), self.url.clone());
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let input = format!("{input}\n");
        let run = move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            person.runs_with(&url, &words, &input, &[])
        };
        tokio::task::spawn_blocking(run).await.expect("it ended")
    }

    /// What a command prints that ends with this code, in no word of another kernel.
    async fn says(&self, line: &str, code: i32) -> String {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('~', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = self.types(&words, "").await;
        assert_eq!(ended.code, code, "{line}: {}{}", ended.out, ended.err);
        let said = ended.out + &ended.err;
        assert_eq!(foreign(&said), Vec::<String>::new(), "{line}: {said}");
        said
    }
}

/// C5.1, C11.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_was_built_without_the_kernel_asks_the_server_for_its_words() {
    let terminal = AtTheTerminal::new().await;
    let status = terminal.says("status", 0).await;
    for words in [
        "staging orders (ladder kernel, l-7)",
        "Primary: n1",
        "Timeline: 3",
        "Synchronous standbys: n2",
        "n1 reports: consumer nightly reports; read now no; from 3/4096; retained 16.0 MiB",
        "n3 is not reachable",
    ] {
        assert!(status.contains(words), "{words}: {status}");
    }
    let catalogue = terminal.says("catalogue --server", 0).await;
    assert!(catalogue.contains("promote_standby") && catalogue.contains("drop_slot"));
    let one = terminal.says("catalogue run_checkpoint --server", 0).await;
    assert!(one.contains("A node writes everything out") && !one.contains("drop_slot"), "{one}");
    let invariants = terminal.says("invariants --server", 0).await;
    assert!(invariants.contains("No node accepts writes."), "{invariants}");
    for line in ["nodes", "node n4", "events --limit 5", "whoami"] {
        terminal.says(line, 0).await;
    }
    let list = terminal.says("checklist planned_promotion --node n2", 0).await;
    assert!(list.contains("does not hold: promote_standby can run."), "{list}");
    assert!(list.contains("aerodb-control request promote_standby --to n2"), "{list}");
    let node = terminal.says("node n3", 0).await;
    assert!(node.contains("last known: 3/16785408"), "{node}");
}

/// C3.1, C3.2, C3.3: the whole of one action, with a parameter that no kernel of the program has.
#[tokio::test(flavor = "multi_thread")]
async fn an_action_of_that_kernel_is_asked_for_confirmed_and_read_at_the_terminal() {
    let terminal = AtTheTerminal::new().await;
    let explained = terminal.says("explain promote_standby --to n2 --reason why", 3).await;
    assert!(explained.contains("No node accepts writes."), "{explained}");
    let one = id(1);
    let line = format!("request drop_slot --node n1 --slot reports --reason why --action-id {one}");
    let asked = terminal.says(&line, 0).await;
    assert!(asked.contains("drop the slot reports of n1"), "{asked}");
    // The command that the page shows for the same request is one that the terminal takes.
    let shown = terminal.app.action(&one).await["explanation"]["command"].clone();
    let shown = shown.as_str().expect("a command").replace("'why'", "why");
    let shown = shown.strip_prefix("aerodb-control ").expect("the program").to_owned();
    assert!(shown.contains("--slot reports"), "{shown}");
    terminal.says(&shown.replace("request", "explain"), 0).await;
    let digest = terminal.app.action(&one).await["digest"].as_str().expect("a digest").to_owned();
    let confirm = format!("confirm {one} --digest {digest} --confirm-target n1");
    let done = terminal.says(&confirm, 0).await;
    assert!(done.contains("The slot reports of n1 is gone."), "{done}");
    assert!(done.contains("timeline after it 3"), "{done}");
    for (line, words) in [
        ("actions".to_owned(), "drop the slot reports of n1"),
        ("log".to_owned(), "for timeline 3"),
        (format!("show {one}"), "drop the slot reports of n1"),
        (format!("report {one}"), "drop the slot reports of n1"),
        ("timeline".to_owned(), "slot_dropped"),
    ] {
        let said = terminal.says(&line, 0).await;
        assert!(said.contains(words), "{line}: {said}");
    }
}

/// C5.1: what somebody attests is typed under the name that the server's kernel gives it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_attested_for_that_kernel_is_typed_at_the_terminal() {
    let terminal = AtTheTerminal::new().await;
    let line = "request rebuild_node --node n3 --reason why";
    let rejected = terminal.says(line, 3).await;
    assert!(rejected.contains("host_is_off"), "{rejected}");
    for (attest, words) in
        [("host_off=no", "host_off"), ("host_is_off=yes", "host_is_off"), ("host_off", "KEY=VALUE")]
    {
        let said = terminal.says(&format!("{line} --attest {attest}"), 2).await;
        assert!(said.contains(words), "{attest}: {said}");
    }
    let one = id(1);
    terminal.says(&format!("{line} --attest host_off=yes --action-id {one}"), 0).await;
    let shown = terminal.says(&format!("show {one}"), 0).await;
    assert!(shown.contains("The old host of the node is off."), "{shown}");
    let shown = terminal.app.action(&one).await["explanation"]["command"].clone();
    let shown = shown.as_str().expect("a command");
    assert!(shown.contains("--node n3 --attest host_off='yes'"), "{shown}");
}

/// The server judges what is asked for: a kind or a parameter that its kernel has not is refused by it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_kernel_of_the_server_has_not_is_refused_by_the_server_and_ends_with_2() {
    let terminal = AtTheTerminal::new().await;
    for (line, words) in [
        ("request resume_writes --reason why", "promote_standby"),
        ("request drop_slot --node n1 --slots reports --reason why", "slots"),
        ("request drop_slot --node n1 --param slot --reason why", "NAME=VALUE"),
        ("request Drop~it --reason why", "no kind of action"),
        ("catalogue resume_writes --server", "promote_standby"),
    ] {
        let said = terminal.says(line, 2).await;
        assert!(said.contains(words), "{line}: {said}");
    }
    let rejected = terminal.says("request promote_standby --to n2 --reason why", 3).await;
    assert!(rejected.contains("writes_halted"), "{rejected}");
}

/// C9.2, C9.3: what needs no server knows the words of no kernel that it was built without, and says the
/// word itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_that_kernel_is_verified_and_rebuilt_without_a_server() {
    let terminal = AtTheTerminal::new().await;
    terminal.app.olga.run(1, "run_checkpoint", serde_json::json!({"node": "n2"})).await;
    let data = terminal.app.dir().to_str().expect("text").to_owned();
    let verified = terminal.says(&format!("verify-log {data}"), 0).await;
    assert!(verified.contains("records"), "{verified}");
    let rebuilt = terminal.says(&format!("report {} --data {data}", id(1)), 0).await;
    assert!(rebuilt.contains("run checkpoint: node n2"), "{rebuilt}");
}
