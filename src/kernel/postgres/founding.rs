//! What this control plane founds over a cluster of PostgreSQL servers: its own journal, and nothing in
//! them. Which cluster it is, the servers say.

use super::config::{NodeAddress, PostgresConfig};
use super::connection::{Dialer, DialerError};
use super::journal::Journal;
use super::spec::SPEC;
use crate::kernel::embedded::DiskError;
use crate::model::ambient::{Clock, Entropy};
use crate::model::pinned::ClusterIdentity;
use futures_util::future::join_all;
use std::fmt;

/// The name of the sessions that ask for it. It is that of no other control plane.
const APPLICATION_NAME: &str = "aerodb-control init";

/// What was founded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresFounding {
    /// Which cluster it is.
    pub identity: ClusterIdentity,
    /// The cluster in words, as it describes itself when it is served.
    pub cluster: String,
    /// How many nodes the settings name.
    pub nodes: u64,
}

/// Which cluster the nodes are, by the word of those that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemAnswers {
    system: String,
    answers: Vec<SystemAnswer>,
}

impl SystemAnswers {
    /// What each node said, in a line for each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.answers.iter().map(ToString::to_string).collect()
    }
}

/// What one node said of the cluster that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemAnswer {
    /// The node.
    pub node: NodeAddress,
    /// Its system identifier, or why there is none.
    pub system: Result<String, String>,
}

impl fmt::Display for SystemAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.system {
            Ok(system) => write!(f, "{}: {system}", self.node),
            Err(why) => write!(f, "{}: {why}", self.node),
        }
    }
}

/// Why nothing was founded.
#[derive(Debug, thiserror::Error)]
pub enum PostgresFoundingError {
    /// Nothing can be asked with these settings.
    #[error(transparent)]
    Dialer(#[from] DialerError),
    /// No node says which cluster it is.
    #[error(
        "no node says which cluster this is, and one has to ({}): nothing was founded",
        sentence(answers)
    )]
    NoAnswer {
        /// What was said in place of it.
        answers: Vec<SystemAnswer>,
    },
    /// Two nodes are of two clusters.
    #[error(
        "{first} and {second} are of two clusters, by their system identifiers: name the nodes of one; nothing was founded"
    )]
    TwoClusters {
        /// The first node and its system identifier.
        first: SystemAnswer,
        /// A node that has another.
        second: SystemAnswer,
    },
    /// The journal that is there is of another cluster.
    #[error(
        "the journal of an earlier founding is of the cluster {journal}, and the nodes say {nodes}: nothing was founded"
    )]
    OtherJournal {
        /// The system identifier in the journal.
        journal: String,
        /// The one of the nodes.
        nodes: String,
    },
    /// The journal cannot be made.
    #[error("the journal of the kernel cannot be made: {0}")]
    Journal(#[from] DiskError),
}

fn sentence(answers: &[SystemAnswer]) -> String {
    answers.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Asks the nodes which cluster they are. Nothing is changed.
///
/// # Errors
/// When no node answers, or two are of two clusters.
pub async fn ask(config: &PostgresConfig) -> Result<SystemAnswers, PostgresFoundingError> {
    let dialer = Dialer::new(config)?;
    let answers = join_all(config.nodes.iter().map(|node| ask_node(&dialer, node))).await;
    Ok(SystemAnswers { system: one_system(&answers)?, answers })
}

/// Makes the journal of the cluster that the nodes are. One that an earlier call left, which did not come
/// to its end, is taken where it is of the same cluster. Nothing is changed in a node.
///
/// # Errors
/// When it cannot be made, or the one that is there is of another cluster.
pub fn create_files(
    config: &PostgresConfig,
    nodes: &SystemAnswers,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<PostgresFounding, PostgresFoundingError> {
    let system = &nodes.system;
    if Journal::path(&config.dir).exists() {
        let journal = Journal::read(&config.dir)?.head().system_identifier.clone();
        if journal != *system {
            return Err(PostgresFoundingError::OtherJournal { journal, nodes: system.clone() });
        }
    } else {
        Journal::create(&config.dir, system, clock.now(), entropy)?;
    }
    let identity = identity(config, system);
    let nodes = u64::try_from(config.nodes.len()).unwrap_or(u64::MAX);
    Ok(PostgresFounding { cluster: described(&identity), identity, nodes })
}

async fn ask_node(dialer: &Dialer, node: &NodeAddress) -> SystemAnswer {
    const SYSTEM: &str = "select system_identifier::text from pg_control_system()";
    let answer = async {
        let connected = dialer.observer(node, APPLICATION_NAME).await;
        let mut connection = connected.map_err(|error| error.to_string())?;
        let row = connection.query_one(SYSTEM, &[]).await.map_err(|error| error.to_string());
        connection.close().await;
        row?.try_get::<_, String>(0).map_err(|error| error.to_string())
    };
    SystemAnswer { node: node.clone(), system: answer.await }
}

/// The one system identifier of the nodes that answered.
fn one_system(answers: &[SystemAnswer]) -> Result<String, PostgresFoundingError> {
    let mut said = answers.iter().filter_map(|answer| Some((answer, answer.system.as_ref().ok()?)));
    let Some((first, system)) = said.next() else {
        return Err(PostgresFoundingError::NoAnswer { answers: answers.to_vec() });
    };
    match said.find(|(_, other)| *other != system) {
        None => Ok(system.clone()),
        Some((second, _)) => {
            Err(PostgresFoundingError::TwoClusters { first: first.clone(), second: second.clone() })
        }
    }
}

/// Which cluster this is: the names of the settings, and the identifier that all of its servers share.
#[must_use]
pub fn identity(config: &PostgresConfig, system_identifier: &str) -> ClusterIdentity {
    ClusterIdentity {
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
        kernel: SPEC.kind.to_owned(),
        id: system_identifier.to_owned(),
    }
}

/// A cluster in words that never change: the log compares them at every start.
#[must_use]
pub fn described(identity: &ClusterIdentity) -> String {
    let ClusterIdentity { cluster, environment, id, .. } = identity;
    format!("{environment} {cluster} ({id}), held by PostgreSQL servers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::NodeId;

    fn answers(of: &[Result<&str, &str>]) -> Vec<SystemAnswer> {
        let answer = |(n, system): (u64, &Result<&str, &str>)| SystemAnswer {
            node: NodeAddress::parse(NodeId::numbered(n), "127.0.0.1:1").expect("an address"),
            system: system.map(str::to_owned).map_err(str::to_owned),
        };
        (1..).zip(of).map(answer).collect()
    }

    #[test]
    fn two_clusters_are_refused_with_both_and_silence_is_no_answer() {
        let said = one_system(&answers(&[Err("refused"), Err("53300: full")])).expect_err("none");
        let said = said.to_string();
        assert!(said.contains("n1 at 127.0.0.1:1: refused; n2 at 127.0.0.1:1: 53300"), "{said}");
        let two = answers(&[Err("refused"), Ok("71"), Ok("71"), Ok("72")]);
        let said = one_system(&two).expect_err("two").to_string();
        assert!(said.contains("n2 at 127.0.0.1:1: 71 and n4 at 127.0.0.1:1: 72"), "{said}");
        let some = answers(&[Err("refused"), Ok("71"), Ok("71")]);
        assert_eq!(one_system(&some).expect("one"), "71");
    }
}
