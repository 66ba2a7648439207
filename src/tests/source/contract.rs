//! The contract and its evidence: read from the sources, checked in, and complete (C12.3).

use crate::kernel_words::CATALOGUE;
use crate::source::files::{Source, root, rust};
use crate::web::openapi::is_checked_in;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::model::contract::{Clause, ClauseEvidence, InvariantTests, TestPlace};
use aerodb_control::model::invariant::{Invariant, InvariantId};
use aerodb_control::model::spec::InvariantSpec;
use aerodb_control::text::contract_page;
use std::collections::{BTreeMap, BTreeSet};

type Cited = BTreeMap<String, BTreeSet<TestPlace>>;

/// The ids of clauses in a text: `C` and two numbers with a dot between.
fn ids(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('C') {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        let is_pair = number.split_once('.').is_some_and(|(a, b)| {
            let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
            is_number(a) && is_number(b)
        });
        if is_pair {
            found.insert(format!("C{number}"));
        }
    }
    found
}

/// The invariants that a line names: quoted, as answers carry them, or as code writes them.
fn invariants(line: &str) -> impl Iterator<Item = String> {
    let of_engine = EngineInvariant::ALL.iter().map(|i| (i.id(), format!("Invariant::{i:?}")));
    let own = Invariant::ALL.iter().map(|i| (i.id(), format!("Invariant::{i:?}")));
    let is_named = |(id, variant): &(InvariantId, String)| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        [format!("\"{id}\""), format!("`{id}`")].iter().any(|quoted| line.contains(quoted))
            || line.split(variant.as_str()).skip(1).any(ends)
    };
    let found = of_engine.chain(own).filter(is_named).map(|(id, _)| id.to_string());
    found.collect::<Vec<_>>().into_iter()
}

/// The tests of a Rust file, with the invariants that each names anywhere in it.
fn tests_of_invariants(source: &Source) -> Cited {
    let (mut found, mut named, mut test) = (Cited::new(), BTreeSet::new(), None);
    for line in source.text.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("///") {
            named.extend(invariants(line));
        } else if trimmed.starts_with("#[test]") || trimmed.starts_with("#[tokio::test") {
            test = Some(String::new());
        } else if line == "}" {
            if let Some(name) = test.take().filter(|name| !name.is_empty()) {
                let place = TestPlace { path: source.path.clone(), name };
                for id in std::mem::take(&mut named) {
                    found.entry(id).or_default().insert(place.clone());
                }
            }
            named.clear();
        } else if let Some(name) = &mut test {
            let head = trimmed.strip_prefix("async ").unwrap_or(trimmed).strip_prefix("fn ");
            if let (true, Some(rest)) = (name.is_empty(), head) {
                rest.split('(').next().unwrap_or_default().clone_into(name);
            }
            named.extend(invariants(line));
        }
    }
    found
}

/// The tests of a Rust file, with the clauses that their documentation cites.
fn rust_tests(source: &Source) -> Vec<(TestPlace, BTreeSet<String>)> {
    let (mut found, mut cited, mut is_test) = (Vec::new(), BTreeSet::new(), false);
    for line in source.text.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            cited.extend(ids(text));
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with("#[") {
            let named = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
            if let (true, Some(rest)) = (is_test, named) {
                let name = rest.split('(').next().unwrap_or_default().to_owned();
                let place = TestPlace { path: source.path.clone(), name };
                found.push((place, std::mem::take(&mut cited)));
            }
            cited.clear();
            is_test = false;
        }
    }
    found
}

/// The browser tests of a file, with the clauses that the comment above each cites.
fn browser_tests(path: &str, text: &str) -> Vec<(TestPlace, BTreeSet<String>)> {
    let (mut found, mut cited) = (Vec::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(text) = line.strip_prefix("//") {
            cited.extend(ids(text));
            continue;
        }
        let name = line.strip_prefix("test('").and_then(|rest| rest.split("',").next());
        if let Some(name) = name {
            let place = TestPlace { path: path.to_owned(), name: name.to_owned() };
            found.push((place, std::mem::take(&mut cited)));
        }
        cited.clear();
    }
    found
}

fn files(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of the project");
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(ending) {
            let text = std::fs::read_to_string(&path).expect("text");
            found.push(Source { path: format!("{folder}/{name}"), text });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every test in the project, with the clauses that it cites.
fn tests() -> Vec<(TestPlace, BTreeSet<String>)> {
    let browser = files("end2end/tests", ".spec.ts");
    let all = rust().iter().flat_map(rust_tests).collect::<Vec<_>>();
    all.into_iter().chain(browser.iter().flat_map(|s| browser_tests(&s.path, &s.text))).collect()
}

/// Every test in the project.
pub fn all_tests() -> Vec<TestPlace> {
    tests().into_iter().map(|(place, _)| place).collect()
}

/// Every citation in the project.
fn cited() -> Cited {
    let mut cited = Cited::new();
    for (place, ids) in tests() {
        for id in ids {
            cited.entry(id).or_default().insert(place.clone());
        }
    }
    cited
}

/// The parts of documents that name clauses, in a comment under their heading.
fn documents() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in files("docs", ".md") {
        let mut heading = String::new();
        for line in source.text.lines() {
            if line.starts_with('#') {
                line.trim_start_matches('#').trim().clone_into(&mut heading);
            }
            let marked = line.strip_prefix("<!-- contract:").and_then(|l| l.strip_suffix("-->"));
            for id in marked.map(ids).unwrap_or_default() {
                found.entry(id).or_default().push(format!("{}: {heading}", source.path));
            }
        }
    }
    found
}

fn evidence() -> Vec<ClauseEvidence> {
    let (cited, documents) = (cited(), documents());
    let mut held = Cited::new();
    for (id, tests) in rust().iter().flat_map(tests_of_invariants) {
        held.entry(id).or_default().extend(tests);
    }
    let held = |invariant: InvariantSpec| InvariantTests {
        id: invariant.id.to_string(),
        tests: held.get(invariant.id.word()).into_iter().flatten().cloned().collect(),
    };
    let of = |clause: &Clause| {
        let id = clause.id().to_owned();
        ClauseEvidence {
            promise: clause.promise().to_owned(),
            invariants: clause.invariants(CATALOGUE).map(held).collect(),
            tests: cited.get(&id).into_iter().flatten().cloned().collect(),
            documents: documents.get(&id).cloned().unwrap_or_default(),
            clause: id,
        }
    };
    Clause::ALL.iter().map(of).collect()
}

/// C12.3: the evidence is read from what is there, and what is missing fails here.
#[test]
fn every_clause_has_a_test_and_the_table_is_the_one_that_is_checked_in() {
    let evidence = evidence();
    let missing: Vec<_> =
        evidence.iter().filter(|e| e.tests.is_empty()).map(|e| &e.clause).collect();
    assert!(missing.is_empty(), "no test cites {missing:?}");
    let invariants = evidence.iter().flat_map(|e| &e.invariants);
    let missing: Vec<_> = invariants.filter(|i| i.tests.is_empty()).map(|i| &i.id).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
    assert!(evidence.iter().all(|e| !e.is_missing()));
    let json = serde_json::to_string_pretty(&evidence).expect("text keys only");
    is_checked_in("docs/contract.json", &format!("{json}\n"));
    is_checked_in("docs/contract.md", &contract_page(&evidence));
    println!(
        "{} clauses, {} citations",
        evidence.len(),
        evidence.iter().map(|e| e.tests.len()).sum::<usize>()
    );
}

#[test]
fn no_citation_names_a_clause_that_does_not_exist() {
    let known: BTreeSet<String> = Clause::ALL.iter().map(|c| c.id().to_owned()).collect();
    let named: BTreeSet<String> = cited().into_keys().chain(documents().into_keys()).collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn only_the_documentation_of_a_test_is_a_citation() {
    let text = "/// C7.1, and (C7.2).\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn one() {\n\
        // C1.1 in the body\n}\n/// C2.1 of a helper\nfn helper() {}\n#[test]\nfn two() {}\n\
        /// C9.9\n\n#[test]\nfn three() {}\n";
    let source = Source { path: "src/tests/x.rs".to_owned(), text: text.to_owned() };
    let found: Vec<(String, Vec<String>)> = rust_tests(&source)
        .into_iter()
        .map(|(place, cited)| (place.name, cited.into_iter().collect()))
        .collect();
    let none = Vec::<String>::new;
    let wanted = [
        ("one".to_owned(), vec!["C7.1".to_owned(), "C7.2".to_owned()]),
        ("two".to_owned(), none()),
        ("three".to_owned(), none()),
    ];
    assert_eq!(found, wanted);
    assert!(ids("ABC1.2 C1 C.2 C1. C1.x").is_empty());
    let spec = "// C3.3: as read.\ntest('a sentence', async () => {\n// C1.1\n});\n";
    let found = browser_tests("x", spec);
    assert_eq!((found.len(), found[0].1.iter().next().map(String::as_str)), (1, Some("C3.3")));
}
