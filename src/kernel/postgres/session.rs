//! Where an order runs: one session on one server. Its identity is in the audit log before anything is sent,
//! so that whoever resolves the order can end that very session, and no other (C7.1).

use super::connection::{Connection, SqlError};
use super::statements::{BEGAN, GENERATION, TIMELINE};
use crate::model::action::ActionId;
use crate::model::session::{Session, SessionValue};
use crate::model::text::NodeId;
use tokio_postgres::types::Type;

/// One session on one server, as the record of the order names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerSession {
    /// The node.
    pub(super) node: NodeId,
    /// The number of its process there.
    pub(super) pid: u64,
    /// When it began, in microseconds since 1970: the number of a process comes back, this does not.
    pub(super) began: u64,
    /// The system identifier of the server.
    pub(super) system: String,
    /// When the processes of the server began.
    pub(super) generation: String,
    /// The timeline that the server was on.
    pub(super) timeline: u64,
    /// The instance of the journal that the order is kept in.
    pub(super) instance: String,
}

/// How the sessions of a control plane begin their name.
pub(super) fn named(instance: &str, id: ActionId) -> String {
    format!("aerodb-control/{instance}/{id}")
}

impl ServerSession {
    /// Asks a server which session this is.
    pub(super) async fn ask(
        connection: &mut Connection,
        node: &NodeId,
        instance: &str,
    ) -> Result<Self, SqlError> {
        let sql = format!(
            "select pid::bigint, {BEGAN}, (select system_identifier::text from pg_control_system()), \
             {GENERATION}, ({TIMELINE})::bigint from pg_stat_activity where pid = pg_backend_pid()"
        );
        let row = connection.query_one(&sql, &[]).await?;
        let silent = |what: &str| SqlError::Lost { why: format!("the server does not say {what}") };
        let number = |at: usize, what: &str| {
            let read: Option<i64> = row.try_get(at).map_err(|_| silent(what))?;
            read.and_then(|number| u64::try_from(number).ok()).ok_or_else(|| silent(what))
        };
        let text = |at: usize, what: &str| {
            let read: Option<String> = row.try_get(at).map_err(|_| silent(what))?;
            read.ok_or_else(|| silent(what))
        };
        Ok(Self {
            node: node.clone(),
            pid: number(0, "which process it is")?,
            began: number(1, "when the session began")?,
            system: text(2, "its system identifier")?,
            generation: text(3, "when its processes began")?,
            timeline: number(4, "which timeline it is on")?,
            instance: instance.to_owned(),
        })
    }

    /// Number of the process, and when it began.
    pub(super) fn place(&self) -> (i64, i64) {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        (signed(self.pid), signed(self.began))
    }

    /// The same, as it is recorded.
    pub(super) fn recorded(&self) -> Option<Session> {
        let text = SessionValue::Text;
        let values = [
            ("node", text(self.node.to_string())),
            ("pid", SessionValue::Number(self.pid)),
            ("began", text(self.began.to_string())),
            ("system", text(self.system.clone())),
            ("generation", text(self.generation.clone())),
            ("timeline", SessionValue::Number(self.timeline)),
            ("instance", text(self.instance.clone())),
        ];
        Session::new(values).ok()
    }

    /// Reads what was recorded; `None` where it is of another form.
    pub(super) fn read(session: &Session) -> Option<Self> {
        let text = |name| match session.get(name) {
            Some(SessionValue::Text(text)) => Some(text.clone()),
            Some(SessionValue::Number(_)) | None => None,
        };
        let number = |name| match session.get(name) {
            Some(SessionValue::Number(number)) => Some(*number),
            Some(SessionValue::Text(_)) | None => None,
        };
        Some(Self {
            node: NodeId::parse(&text("node")?).ok()?,
            pid: number("pid")?,
            began: text("began")?.parse().ok()?,
            system: text("system")?,
            generation: text("generation")?,
            timeline: number("timeline")?,
            instance: text("instance")?,
        })
    }

    /// Ends this session on its server, and says how many sessions of it are left: 0 once it is gone.
    /// A session of the same number that began at another instant is another one, and stays.
    pub(super) async fn end(&self, connection: &mut Connection) -> Result<i64, SqlError> {
        let it = format!("pid = $1 and {BEGAN} = $2");
        let (pid, began) = self.place();
        let params = [(&pid as _, Type::INT8), (&began as _, Type::INT8)];
        let told =
            format!("select pg_terminate_backend(pid, 2000) from pg_stat_activity where {it}");
        connection.query(&told, &params).await?;
        let left = format!("select count(*) from pg_stat_activity where {it}");
        let row = connection.query_one(&left, &params).await?;
        row.try_get(0).map_err(|error| SqlError::Lost { why: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> ServerSession {
        ServerSession {
            node: NodeId::numbered(2),
            pid: 4_242,
            began: 1_796_036_707_123_456,
            system: "7711116257347172119".to_owned(),
            generation: "2026-11-30T11:05:07.123456Z".to_owned(),
            timeline: 3,
            instance: "0a1b2c3d".to_owned(),
        }
    }

    #[test]
    fn a_session_reads_back_from_its_record_and_half_of_one_does_not() {
        let recorded = session().recorded().unwrap();
        assert_eq!(ServerSession::read(&recorded), Some(session()));
        assert_eq!(ServerSession::read(&Session::none()), None);
        let node = ("node", SessionValue::Text("n2".to_owned()));
        let half = Session::new([node, ("pid", SessionValue::Number(4_242))]).unwrap();
        assert_eq!(ServerSession::read(&half), None);
    }

    #[test]
    fn the_name_of_a_session_is_never_cut_by_the_server() {
        let name = named("0a1b2c3d", ActionId::from_random([0xff; 16]));
        assert!(name.len() <= crate::kernel::postgres::connection::APPLICATION_NAME_BYTES_MAX);
    }
}
