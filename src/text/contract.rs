//! The contract with its evidence: for a terminal, and as a document.

use crate::model::contract::{ClauseEvidence, TestPlace};
use crate::text::lines::TextLines;

/// Clause by clause, with what is missing said first.
#[must_use]
pub fn contract(evidence: &[ClauseEvidence]) -> TextLines {
    let mut lines = TextLines::new();
    let missing: Vec<&str> =
        evidence.iter().filter(|e| e.is_missing()).map(|e| e.clause.as_str()).collect();
    let tests: usize = evidence.iter().map(|e| e.tests.len()).sum();
    lines.line(format!(
        "{} clauses; {} without evidence{}",
        evidence.len(),
        missing.len(),
        if missing.is_empty() { ".".to_owned() } else { format!(": {}.", missing.join(", ")) }
    ));
    lines.line(format!(
        "{tests} citations by tests. The tests are run by `make test`; this report names them and \
         runs none."
    ));
    for clause in evidence {
        lines.gap();
        lines.line(format!("{}  {}", clause.clause, clause.promise));
        if clause.tests.is_empty() {
            lines.line("    MISSING: no test cites this clause.");
        }
        for test in &clause.tests {
            lines.line(format!("    test: {}: {}", test.path, test.name));
        }
        for held in &clause.invariants {
            lines.line(format!("    invariant: {}", held.id));
            if held.tests.is_empty() {
                lines.line("        MISSING: no test names this invariant.");
            }
            for test in &held.tests {
                lines.line(format!("        test: {}: {}", test.path, test.name));
            }
        }
        for document in &clause.documents {
            lines.line(format!("    document: {document}"));
        }
    }
    lines
}

/// The same as Markdown.
#[must_use]
pub fn contract_page(evidence: &[ClauseEvidence]) -> String {
    let mut text = INTRODUCTION.to_owned();
    for clause in evidence {
        text.push_str(&format!("\n## {}\n\n{}\n\n", clause.clause, clause.promise));
        if clause.tests.is_empty() {
            text.push_str("**Missing: no test cites this clause.**\n");
        }
        let line = |t: &TestPlace| format!("- `{}`: {}\n", t.path, t.name.replace('_', " "));
        for test in &clause.tests {
            text.push_str(&line(test));
        }
        for held in &clause.invariants {
            text.push_str(&format!("- invariant `{}`\n", held.id));
            if held.tests.is_empty() {
                text.push_str("  **Missing: no test names it.**\n");
            }
            for test in &held.tests {
                text.push_str(&format!("  {}", line(test)));
            }
        }
        for document in &clause.documents {
            text.push_str(&format!("- {document}\n"));
        }
    }
    text
}

const INTRODUCTION: &str = "# The contract, and what stands behind it

This page is generated: from the list of clauses in `src/model/contract.rs`, from the tests that
cite a clause in their documentation, and from the documents that name one. A clause that no test
cites fails the build. `aerodb-control contract` prints the same.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contract::{Clause, InvariantTests, evidence};

    /// Evidence of nothing.
    fn without_evidence() -> Vec<ClauseEvidence> {
        let empty = |clause: &Clause| ClauseEvidence {
            clause: clause.id().to_owned(),
            promise: clause.promise().to_owned(),
            invariants: Vec::new(),
            tests: Vec::new(),
            documents: Vec::new(),
        };
        Clause::ALL.iter().map(empty).collect()
    }

    #[test]
    fn a_clause_without_a_test_is_printed_as_missing() {
        let mut told = without_evidence();
        let text = contract(&told);
        assert_eq!(text.as_str().matches("MISSING").count(), Clause::ALL.len());
        assert_eq!(contract_page(&told).matches("**Missing").count(), Clause::ALL.len());
        let first = told.first_mut().expect("a clause");
        first.tests.push(TestPlace { path: "src/tests/x.rs".into(), name: "it_holds".into() });
        first.invariants.push(InvariantTests { id: "one_at_a_time".into(), tests: Vec::new() });
        assert!(first.is_missing(), "an invariant without a test");
        let text = contract(&told);
        assert!(text.as_str().contains("    test: src/tests/x.rs: it_holds\n"));
        assert!(text.as_str().contains("MISSING: no test names this invariant."));
        assert_eq!(text.as_str().matches("MISSING").count(), Clause::ALL.len());
    }

    #[test]
    fn the_evidence_that_is_compiled_in_covers_every_clause_in_order() {
        let told = evidence();
        let ids: Vec<&str> = told.iter().map(|e| e.clause.as_str()).collect();
        let wanted: Vec<&str> = Clause::ALL.iter().map(|clause| clause.id()).collect();
        assert_eq!(ids, wanted);
    }
}
