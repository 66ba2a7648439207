//! Rules of synchronous standbys, read as the server reads `synchronous_standby_names`: what is in force,
//! what is written, what is asked for and what was declared are judged by the same reading.

use super::spec::NONE_WORD;
use crate::model::text::NodeId;
use std::fmt;

/// Which of the named standbys a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMethod {
    /// Those that come first in the list, of those that are connected.
    First,
    /// Any of them.
    Any,
}

/// A rule under which a commit waits for standbys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRule {
    /// Which of them.
    pub method: SyncMethod,
    /// For how many a commit waits.
    pub waits_for: usize,
    /// The names, each once, in the order of the list. The server compares them without regard to case.
    pub names: Vec<String>,
}

/// What stands for every standby, whatever it is called.
const EVERYBODY: &str = "*";

#[derive(Clone, Debug, PartialEq, Eq)]
enum RuleToken {
    Any,
    First,
    Name(String),
    Number(String),
    Comma,
    Open,
    Close,
}

impl SyncRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// Says, as a clause, what the server would not take or what it reads otherwise than it looks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let (method, count, list) = match tokens.as_slice() {
            [
                RuleToken::Any,
                RuleToken::Number(count),
                RuleToken::Open,
                list @ ..,
                RuleToken::Close,
            ] => (SyncMethod::Any, Some(count), list),
            [
                RuleToken::First,
                RuleToken::Number(count),
                RuleToken::Open,
                list @ ..,
                RuleToken::Close,
            ]
            | [RuleToken::Number(count), RuleToken::Open, list @ .., RuleToken::Close] => {
                (SyncMethod::First, Some(count), list)
            }
            list => (SyncMethod::First, None, list),
        };
        let waits_for = match count {
            None => 1,
            Some(count) => count
                .parse()
                .ok()
                .filter(|count| (1..=i32::MAX.unsigned_abs()).contains(count))
                .and_then(|count: u32| usize::try_from(count).ok())
                .ok_or_else(|| format!("{count} is no number of standbys to wait for"))?,
        };
        Ok(Self { method, waits_for, names: names(list)? })
    }

    /// Reads what an operator asks for: a rule, or the word for none.
    ///
    /// # Errors
    /// As [`SyncRule::parse`].
    pub fn parse_wanted(text: &str) -> Result<Option<Self>, String> {
        if text == NONE_WORD { Ok(None) } else { Self::parse(text).map(Some) }
    }

    /// Whether whoever connects is named, so that nobody knows how many there are.
    #[must_use]
    pub fn names_everybody(&self) -> bool {
        self.names.iter().any(|name| name == EVERYBODY)
    }

    /// Where a standby stands in the list; `None` where it is not named.
    #[must_use]
    pub fn place_of(&self, standby: &str) -> Option<usize> {
        let is_it = |name: &String| name == EVERYBODY || name.eq_ignore_ascii_case(standby);
        self.names.iter().position(is_it)
    }

    /// Whether a node is named.
    #[must_use]
    pub fn includes(&self, node: &NodeId) -> bool {
        self.place_of(node.as_str()).is_some()
    }

    /// The same rule with one standby in the place of another, which is then not named.
    #[must_use]
    pub fn with(&self, enters: &NodeId, in_place_of: &NodeId) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in &self.names {
            let leaves = name.eq_ignore_ascii_case(in_place_of.as_str());
            let name = if leaves { enters.as_str() } else { name };
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        Self { names, ..self.clone() }
    }

    /// Of how many of the named standbys one at least has every commit that was acknowledged: all but those
    /// that a commit may leave out. `None` where that is not to be said.
    #[must_use]
    pub fn covering(&self) -> Option<usize> {
        let named = self.names.len();
        if self.names_everybody() || self.waits_for > named {
            return None;
        }
        Some(named - self.waits_for + 1)
    }
}

/// As the server takes it, and as [`SyncRule::parse`] reads it again.
impl fmt::Display for SyncRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            SyncMethod::First => "FIRST",
            SyncMethod::Any => "ANY",
        };
        write!(f, "{method} {} (", self.waits_for)?;
        for (place, name) in self.names.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            let is_plain = name == EVERYBODY
                || tokens(name) == Ok(vec![RuleToken::Name(name.clone())]) && !name.contains('"');
            if is_plain {
                f.write_str(name)?;
            } else {
                write!(f, "\"{}\"", name.replace('"', "\"\""))?;
            }
        }
        f.write_str(")")
    }
}

fn tokens(text: &str) -> Result<Vec<RuleToken>, String> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        let token = match letter {
            ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' => continue,
            ',' => RuleToken::Comma,
            '(' => RuleToken::Open,
            ')' => RuleToken::Close,
            '*' => RuleToken::Name(EVERYBODY.to_owned()),
            '"' => RuleToken::Name(quoted(&mut rest)?),
            '0'..='9' => {
                let mut number = String::from(letter);
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                RuleToken::Number(number)
            }
            _ if begins_name(letter) => {
                let mut name = String::from(letter);
                let goes_on = |c: &char| begins_name(*c) || c.is_ascii_digit() || *c == '$';
                while let Some(next) = rest.next_if(goes_on) {
                    name.push(next);
                }
                word(name)
            }
            other => return Err(format!("{other} stands outside of a quoted name")),
        };
        found.push(token);
    }
    Ok(found)
}

fn begins_name(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii()
}

fn word(name: String) -> RuleToken {
    match name.to_ascii_lowercase().as_str() {
        "any" => RuleToken::Any,
        "first" => RuleToken::First,
        _ => RuleToken::Name(name),
    }
}

/// The rest of a name that began with a quote, in which two quotes stand for one.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut name = String::new();
    loop {
        match rest.next() {
            None => return Err("a quoted name does not end".to_owned()),
            Some('"') if rest.next_if_eq(&'"').is_none() => break,
            Some(letter) => name.push(letter),
        }
    }
    if name.is_empty() { Err("a quoted name is empty".to_owned()) } else { Ok(name) }
}

/// The names of a list, each once: a standby is counted once however often it is named.
fn names(list: &[RuleToken]) -> Result<Vec<String>, String> {
    let mut found: Vec<String> = Vec::new();
    for part in list.split(|token| *token == RuleToken::Comma) {
        let name = match part {
            [RuleToken::Name(name) | RuleToken::Number(name)] => name,
            [] => return Err("a name is missing".to_owned()),
            _ => return Err("between two names stands something else than a comma".to_owned()),
        };
        if !found.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            found.push(name.clone());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> SyncRule {
        SyncRule::parse(text).expect(text)
    }

    #[test]
    fn what_the_server_does_not_take_is_no_rule() {
        for bad in [
            "",
            " ",
            ",",
            "n2,",
            ",n2",
            "n2 n3",
            "ANY",
            "ANY 1",
            "ANY 1 n2",
            "ANY (n2)",
            "ANY 0 (n2)",
            "FIRST 0 (n2)",
            "0 (n2)",
            "2147483648 (n2)",
            "ANY 1 ()",
            "ANY 1 (n2",
            "ANY 1 n2)",
            "(n2)",
            "ANY 1 (n2) n3",
            "ANY 1 (n2), n3",
            "first, any",
            "ANY 1 (any)",
            "n2; n3",
            "n-2",
            "'n2'",
            "\"n2",
            "\"\"",
            "ANY -1 (n2)",
            "ANY 1.5 (n2)",
            "1 2 (n2)",
        ] {
            assert!(SyncRule::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_reads_as_the_server_reads_it() {
        use SyncMethod::{Any, First};
        for (text, method, waits_for, names) in [
            ("n2", First, 1, vec!["n2"]),
            ("n2,n3", First, 1, vec!["n2", "n3"]),
            ("2 (n2, n3)", First, 2, vec!["n2", "n3"]),
            ("first 2(n2,n3)", First, 2, vec!["n2", "n3"]),
            ("ANY 1 (n2, n3)", Any, 1, vec!["n2", "n3"]),
            ("any 007 ( n2 )", Any, 7, vec!["n2"]),
            ("*", First, 1, vec!["*"]),
            ("ANY 2 (\"ANY 1 (\", \"a\"\"b\")", Any, 2, vec!["ANY 1 (", "a\"b"]),
            ("\"any\", \"first\"", First, 1, vec!["any", "first"]),
            ("2, n3", First, 1, vec!["2", "n3"]),
            ("_a$1", First, 1, vec!["_a$1"]),
        ] {
            let read = rule(text);
            assert_eq!((read.method, read.waits_for), (method, waits_for), "{text}");
            assert_eq!(read.names, names, "{text}");
        }
    }

    #[test]
    fn a_rule_that_is_written_out_reads_as_the_same_rule() {
        for text in
            ["n2", "2 (n2, n3)", "any 7 (*)", "ANY 2 (\"ANY 1 (\", \"a\"\"b\")", "2, \"first\""]
        {
            let read = rule(text);
            assert_eq!(rule(&read.to_string()), read, "{text}: {read}");
        }
        assert_eq!(rule("any 1(n2,\"n-3\")").to_string(), "ANY 1 (n2, \"n-3\")");
    }

    #[test]
    fn a_standby_takes_the_place_of_another_and_is_counted_once() {
        let [n1, n2] = [1, 2].map(NodeId::numbered);
        for (before, after) in [
            ("FIRST 1 (N2, n3)", "FIRST 1 (n1, n3)"),
            ("ANY 2 (n3, n2)", "ANY 2 (n3, n1)"),
            ("ANY 1 (n1, n2)", "ANY 1 (n1)"),
            ("n3", "FIRST 1 (n3)"),
            ("ANY 1 (*)", "ANY 1 (*)"),
        ] {
            assert_eq!(rule(before).with(&n1, &n2).to_string(), after, "{before}");
        }
    }

    #[test]
    fn a_standby_that_is_named_twice_is_counted_once() {
        assert_eq!(rule("ANY 2 (n2, N2, \"n2\", n3)").names, ["n2", "n3"]);
    }

    #[test]
    fn how_many_standbys_cover_every_commit_is_said_only_where_it_can_be() {
        for (text, covering) in [
            ("n2", Some(1)),
            ("FIRST 1 (n2, n3)", Some(2)),
            ("ANY 2 (n2, n3)", Some(1)),
            ("ANY 2 (n1, n2, n3)", Some(2)),
            ("FIRST 5 (n2)", None),
            ("ANY 2 (n2, N2)", None),
            ("ANY 1 (*)", None),
            ("n2, *", None),
        ] {
            assert_eq!(rule(text).covering(), covering, "{text}");
        }
    }

    #[test]
    fn the_word_for_none_is_no_name_where_it_is_asked_for() {
        assert_eq!(SyncRule::parse_wanted("none"), Ok(None));
        assert_eq!(SyncRule::parse_wanted("\"none\"").unwrap().unwrap().names, ["none"]);
        assert!(SyncRule::parse_wanted("").is_err());
    }

    #[test]
    fn a_standby_is_found_whatever_the_case_of_its_name() {
        let named = rule("FIRST 1 (N3, n2)");
        assert_eq!(
            [named.place_of("n3"), named.place_of("n2"), named.place_of("n4")],
            [Some(0), Some(1), None]
        );
        assert!(rule("*").includes(&NodeId::numbered(7)));
    }
}
