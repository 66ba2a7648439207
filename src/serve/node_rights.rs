//! What the roles of the settings lack on each PostgreSQL server, and what they have too much: for a command
//! that reads, and asks as the operator's role.

use super::config::{self, KernelSettings};
use super::{ServeError, founding};
use crate::kernel::postgres::config::{NodeAddress, PostgresConfig};
use crate::kernel::postgres::connection::Dialer;
use crate::kernel::postgres::rights::{ExpectedRights, WrongRight, wrong_rights};
use crate::model::text::InputError;
use futures_util::future::join_all;
use std::path::Path;

/// The name of the sessions. It is that of no control plane that runs.
const APPLICATION_NAME: &str = "aerodb-control verify";

/// What was found on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRights {
    /// The node.
    pub node: NodeAddress,
    /// Every right that is wrong, or why it is not known.
    pub rights: Result<Vec<WrongRight>, String>,
}

/// Asks every node that the settings name.
///
/// # Errors
/// When the settings cannot be used, or name another kernel. A node that gives no answer is no error.
pub async fn node_rights(named: Option<&Path>) -> Result<Vec<NodeRights>, ServeError> {
    let config = config::load(config::find(named).as_deref(), &[])?;
    let KernelSettings::Postgres(settings) = &config.kernel else {
        let required = "postgres: only its servers have roles and rights";
        return Err(InputError::new("kernel", "embedded", required).into());
    };
    let asked = founding::postgres_of(&config, settings);
    let dialer = Dialer::new(&asked)?;
    Ok(join_all(asked.nodes.iter().map(|node| of_node(&dialer, &asked, node))).await)
}

async fn of_node(dialer: &Dialer, asked: &PostgresConfig, node: &NodeAddress) -> NodeRights {
    let rights = async {
        let connected = dialer.operator(node, APPLICATION_NAME).await;
        let mut connection = connected.map_err(|error| error.to_string())?;
        let expected = ExpectedRights {
            observer: &asked.observer.role,
            operator: &asked.operator.role,
            own_schema: asked.own_schema,
        };
        let wrong = wrong_rights(&mut connection, expected).await;
        connection.close().await;
        wrong.map_err(|error| error.to_string())
    };
    NodeRights { node: node.clone(), rights: rights.await }
}
