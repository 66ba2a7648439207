//! One word for one thing: no type name stands twice in the crate, and what the field has a word for
//! is called so.

use crate::source::files::{Source, rust};
use std::collections::BTreeMap;

const TYPE_KEYWORDS: [&str; 5] = ["struct ", "enum ", "trait ", "union ", "type "];
const OTHER_KEYWORDS: [&str; 2] = ["fn ", "mod "];

/// Names of types, functions and modules that are not used, and what they are called instead.
const BANNED: [(&str, &str); 60] = [
    ("Acting", "WriteState"),
    ("Ambient", "SystemDeps"),
    ("Asked", "what was asked for: a query, a request, an action"),
    ("Begun", "Started"),
    ("Brought", "CallbackParams"),
    ("Closing", "ResolutionMode"),
    ("Coin", "Rng"),
    ("Door", "ClientFormat or Admission"),
    ("Ending", "JobResult or an error"),
    ("Ensemble", "RaftGroup"),
    ("Found", "a result, an outcome"),
    ("Held", "what is held: a guard, a credential, an entry"),
    ("House", "ControlPlane"),
    ("Image", "StateSnapshot"),
    ("Kept", "what is kept: a blob, a trace"),
    ("Known", "what is known: facts, writes, an order"),
    ("Lane", "CatchUpQueue"),
    ("Means", "AuthMethod"),
    ("Memory", "TrustedHead"),
    ("Meter", "ProgressReporter"),
    ("Missing", "UnknownReason"),
    ("Office", "PrimaryStatus"),
    ("Onlooker", "Reader"),
    ("Onlooking", "RequestReader"),
    ("Place", "LogId, or a slot, a directory, a position"),
    ("Present", "StateVersion"),
    ("Proof", "Reauthentication"),
    ("ProofLasts", "ReauthLifetime"),
    ("Prospect", "ActionPreview"),
    ("ProvedBy", "ReauthMethod"),
    ("ReadSide", "QueryService"),
    ("Reading", "ReadState"),
    ("Renewed", "ReauthSession"),
    ("Sabotage", "InjectedBug"),
    ("Seal", "FileDigest"),
    ("Seen", "what was seen: a head, a state, counts"),
    ("Showing", "RedactedReads"),
    ("Shown", "what is shown"),
    ("Standing", "Blockers"),
    ("StillStore", "StoreSnapshot"),
    ("Stretch", "ConcurrentGroup"),
    ("Suspicion", "HeadError"),
    ("Switchboard", "ClusterMetadata"),
    ("Tally", "RecordCounters"),
    ("Tie", "OrderEvidence"),
    ("Told", "what was told: a report, a claim"),
    ("Trail", "ActionHistory"),
    ("Unproven", "AuthnError"),
    ("Via", "CredentialKind"),
    ("Vitals", "NodeStatus"),
    ("Vouched", "VerifiedIdentity"),
    ("Vouching", "ProviderSettings"),
    ("Waiting", "LoginFlow"),
    ("Wanted", "a request"),
    ("Way", "ProviderClient"),
    ("Weather", "NetworkFaults"),
    ("Witness", "LedgerRef: a witness cosigns"),
    ("is_treacherous", "is_unsafe_char"),
    ("sever", "partition"),
    ("vouch_for", "is_federated"),
];

/// The items of a file that have a name: keyword, name, line. A type of an `impl` or a `trait`, whose
/// name somebody else chose, is none. The source is formatted, so a block ends where it began.
fn items(source: &Source) -> Vec<(&'static str, &str, usize)> {
    let mut found = Vec::new();
    let mut block_ends: Option<String> = None;
    for (i, line) in source.text.lines().enumerate() {
        let code = line.trim_start();
        let indent = line.get(..line.len() - code.len()).unwrap_or_default();
        if block_ends.as_deref() == Some(line) {
            block_ends = None;
        }
        let code = without_visibility(code);
        let is_block =
            ["impl ", "impl<", "unsafe impl ", "trait "].iter().any(|w| code.starts_with(w));
        for keyword in TYPE_KEYWORDS.iter().chain(&OTHER_KEYWORDS) {
            let Some(rest) = code.strip_prefix(keyword) else { continue };
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or_default();
            let is_foreign = *keyword == "type " && block_ends.is_some();
            if !name.is_empty() && !is_foreign {
                found.push((*keyword, name, i + 1));
            }
        }
        if is_block && block_ends.is_none() && !line.ends_with('}') {
            block_ends = Some(format!("{indent}}}"));
        }
    }
    found
}

fn without_visibility(code: &str) -> &str {
    let Some(rest) = code.strip_prefix("pub") else { return code };
    match rest.strip_prefix('(') {
        Some(inner) => inner.split_once(") ").map_or(code, |(_, item)| item),
        None => rest.trim_start(),
    }
}

fn doubles(sources: &[Source]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources {
        for (keyword, name, line) in items(source) {
            if TYPE_KEYWORDS.contains(&keyword) {
                places.entry(name).or_default().push(format!("{}:{line}", source.path));
            }
        }
    }
    let is_double = |(_, at): &(&str, Vec<String>)| at.len() > 1;
    let said = |(name, at): (&str, Vec<String>)| format!("{name} is defined at {}", at.join(", "));
    places.into_iter().filter(is_double).map(said).collect()
}

fn banned(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (_, name, line) in items(source) {
            if let Some((_, instead)) = BANNED.iter().find(|(word, _)| *word == name) {
                found.push(format!("{}:{line}: {name} is banned, use {instead}", source.path));
            }
        }
    }
    found
}

fn planted(text: &str) -> Source {
    Source { path: "src/planted.rs".to_owned(), text: text.to_owned() }
}

#[test]
fn one_type_name_stands_once_in_the_crate() {
    let sources = rust();
    let count: usize = sources.iter().map(|source| items(source).len()).sum();
    assert!(count > 1000, "only {count} items were found");
    let found = doubles(&sources);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_has_a_word_in_the_field_is_called_so() {
    let found = banned(&rust());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_duplicate_and_a_planted_word_are_found() {
    let mut sources = rust();
    sources.push(planted("pub(super) enum Ledger<T> {}\n\nstruct Vitals;\n"));
    let found = doubles(&sources);
    assert!(found.len() == 1 && found[0].contains("src/planted.rs:1"), "{found:?}");
    let found = banned(&sources);
    let said = "src/planted.rs:3: Vitals is banned, use NodeStatus";
    assert_eq!(found, [said.to_owned()]);
}

#[test]
fn a_type_that_a_trait_asks_for_is_no_name_of_ours() {
    let text = "impl Deref for A {\n    type Target = B;\n}\n\ntype Kind = u8;\n";
    assert_eq!(items(&planted(text)), [("type ", "Kind", 5)]);
}
