//! What shows that another program acts on the cluster by itself. Two that decide break what each of them
//! promises, so nothing is done here beside another (C2.1). Pure: it is judged from what was read.

use super::reading::MarksReading;
use std::collections::BTreeSet;
use std::fmt;

/// Settings that Patroni gives its server on the command line, where no file can change them.
const PATRONI_COMMAND_LINE: [&str; 4] =
    ["cluster_name", "max_locks_per_transaction", "track_commit_timestamp", "wal_level"];

/// A program that acts on a cluster of PostgreSQL by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ForeignAuthority {
    Patroni,
    Repmgr,
    PgAutoFailover,
    CloudNativePg,
    /// Another control plane such as this one, by its instance.
    Console(String),
}

impl fmt::Display for ForeignAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patroni => f.write_str("Patroni"),
            Self::Repmgr => f.write_str("repmgr"),
            Self::PgAutoFailover => f.write_str("pg_auto_failover"),
            Self::CloudNativePg => f.write_str("CloudNativePG"),
            Self::Console(instance) => write!(f, "control plane {instance}"),
        }
    }
}

/// One program, and what of it was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ForeignMark {
    pub(super) authority: ForeignAuthority,
    evidence: String,
}

impl fmt::Display for ForeignMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.authority, self.evidence)
    }
}

/// Every mark, in order, each once. How many sessions a program has says nothing.
pub(super) fn foreign_marks(read: &MarksReading) -> BTreeSet<ForeignMark> {
    use ForeignAuthority::{CloudNativePg, Console, Patroni, PgAutoFailover, Repmgr};
    let mut marks = BTreeSet::new();
    let mut mark = |authority, evidence: String| {
        marks.insert(ForeignMark { authority, evidence });
    };
    for name in &read.sessions {
        let of = [
            ("Patroni", Patroni),
            ("repmgr", Repmgr),
            ("pgautofailover", PgAutoFailover),
            ("pg_auto_failover", PgAutoFailover),
            ("cnpg", CloudNativePg),
        ];
        if let Some((_, authority)) = of.into_iter().find(|(start, _)| name.starts_with(start)) {
            mark(authority, format!("a session is called {name}"));
        }
    }
    for instance in &read.consoles {
        mark(Console(instance.clone()), "it has sessions".to_owned());
    }
    for file in &read.files {
        let authority = if file == "postgresql.base.conf" { Patroni } else { PgAutoFailover };
        mark(authority, format!("settings come from {file}"));
    }
    if PATRONI_COMMAND_LINE.iter().all(|name| read.command_line.iter().any(|it| it == name)) {
        mark(Patroni, format!("the command line sets {}", PATRONI_COMMAND_LINE.join(", ")));
    }
    for name in &read.settings {
        mark(CloudNativePg, format!("the setting {name}"));
    }
    for library in &read.libraries {
        let authority = if library == "repmgr" { Repmgr } else { PgAutoFailover };
        mark(authority, format!("the library {library} is loaded"));
    }
    for database in &read.databases {
        let authority = if database == "repmgr" { Repmgr } else { PgAutoFailover };
        mark(authority, format!("the database {database}"));
    }
    for role in &read.roles {
        let authority = match role.as_str() {
            "repmgr" => Repmgr,
            "streaming_replica" | "cnpg_pooler_pgbouncer" => CloudNativePg,
            _ => PgAutoFailover,
        };
        mark(authority, format!("the role {role}"));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn words(read: &MarksReading) -> Vec<String> {
        foreign_marks(read).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_server_of_its_own_has_no_mark_whatever_its_command_line_says() {
        assert_eq!(words(&MarksReading::default()), Vec::<String>::new());
        // A service unit may set a few of them too.
        let read = MarksReading {
            command_line: names(&["cluster_name", "config_file", "port", "wal_level"]),
            ..MarksReading::default()
        };
        assert_eq!(words(&read), Vec::<String>::new());
    }

    #[test]
    fn each_program_is_named_by_each_of_its_marks() {
        let read = MarksReading {
            sessions: names(&["Patroni restapi", "pgautofailover_standby_4", "repmgr"]),
            consoles: names(&["0badcafe"]),
            files: names(&["postgresql.base.conf"]),
            command_line: names(&PATRONI_COMMAND_LINE),
            settings: names(&["cnpg.config_sha256"]),
            libraries: names(&["pgautofailover"]),
            databases: names(&["repmgr"]),
            roles: names(&["streaming_replica"]),
        };
        let found: BTreeSet<_> =
            foreign_marks(&read).into_iter().map(|mark| mark.authority).collect();
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(words(&read).len(), 10, "{:?}", words(&read));
    }

    #[test]
    fn the_number_of_sessions_of_a_program_says_nothing() {
        let one = MarksReading { sessions: names(&["Patroni"]), ..MarksReading::default() };
        let two =
            MarksReading { sessions: names(&["Patroni", "Patroni"]), ..MarksReading::default() };
        assert_eq!(foreign_marks(&one), foreign_marks(&two));
    }
}
