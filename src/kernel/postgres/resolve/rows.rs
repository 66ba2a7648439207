//! Orders that leave a row in the transaction of their effect: the row is there, or nothing is.

use super::{OrderInDoubt, again, cannot_tell};
use crate::kernel::postgres::PostgresKernel;
use crate::kernel::postgres::connection::{Connection, SqlError};
use crate::kernel::postgres::finish::{Finished, row_sentence};
use crate::kernel::postgres::journal::VoidReason;
use crate::kernel::postgres::session::ServerSession;
use crate::kernel::{Resolution, ResolveError};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use tokio_postgres::types::Type;

/// The kind of a row that takes an id which never ran.
const VOID: &str = "void";
/// A row under the id of an order.
pub(super) struct ReceiptRow {
    kind: String,
    seq: i64,
    hash: String,
    at: Timestamp,
}

impl PostgresKernel {
    /// What the rows of the node say, once the session of the order has ended.
    pub(super) async fn by_row(
        &self,
        order: &OrderInDoubt,
        connection: &mut Connection,
        here: &ServerSession,
    ) -> Result<Resolution, ResolveError> {
        let node = &order.session.node;
        let unread = |error: SqlError| again(format!("the rows on {node} cannot be read: {error}"));
        if let Some(row) = row(connection, order.id).await.map_err(unread)? {
            return self.executed_by_row(order, &row).await;
        }
        let standby = "select pg_is_in_recovery()";
        let standby = connection.query_one(standby, &[]).await.map_err(unread)?;
        let is_standby: Option<bool> = standby.try_get(0).ok();
        if is_standby != Some(false) || here.timeline != order.session.timeline {
            return Err(cannot_tell(format!(
                "{node} was primary on timeline {} as it was sent, and is {} on timeline {} now: that \
                 there is no row of it proves nothing",
                order.session.timeline,
                if is_standby == Some(false) { "primary" } else { "no primary" },
                here.timeline
            )));
        }
        let written = self.write_tombstone(order, connection).await;
        written.map_err(|error| again(format!("the id cannot be voided on {node}: {error}")))?;
        match row(connection, order.id).await.map_err(unread)? {
            Some(row) => self.executed_by_row(order, &row).await,
            None => Err(again(format!("the row that voids the id is not on {node}"))),
        }
    }

    /// Takes the id in the table of receipts, so that an order of it would break its key.
    async fn write_tombstone(
        &self,
        order: &OrderInDoubt,
        connection: &mut Connection,
    ) -> Result<(), SqlError> {
        let (id, hash) = (order.id.to_string(), order.sent.witness.hash.to_string());
        let seq = i64::try_from(order.sent.witness.seq).unwrap_or(i64::MAX);
        let params = [
            (&id as _, Type::TEXT),
            (&VOID as _, Type::TEXT),
            (&seq as _, Type::INT8),
            (&hash as _, Type::TEXT),
        ];
        let sql = "insert into cp.receipt (op_id, kind, seq, hash) values ($1::uuid, $2, $3, $4) \
             on conflict (op_id) do nothing";
        connection.execute(sql, &params).await.map(drop)
    }

    /// The row of an order on any other node.
    pub(super) async fn row_elsewhere(&self, order: &OrderInDoubt) -> Option<ReceiptRow> {
        let others = self.config.nodes.iter().filter(|node| node.id != order.session.node);
        for other in others {
            // One that does not answer says nothing.
            let Ok(mut look) = self.dialer.operator(other, &self.resolving(order.id)).await else {
                continue;
            };
            let found = row(&mut look, order.id).await;
            look.close().await;
            if let Ok(Some(row)) = found {
                return Some(row);
            }
        }
        None
    }

    /// What a row under the id of an order proves.
    pub(super) async fn executed_by_row(
        &self,
        order: &OrderInDoubt,
        row: &ReceiptRow,
    ) -> Result<Resolution, ResolveError> {
        let node = &order.session.node;
        if row.kind == VOID {
            let found = format!("{node} holds a row that takes its id, and nothing of it ran.");
            return self.void(order.id, found, VoidReason::ProvenUnrun).await;
        }
        let witness = &order.sent.witness;
        let is_its_own = row.kind == order.action.word()
            && u64::try_from(row.seq) == Ok(witness.seq)
            && row.hash == witness.hash.to_string();
        if !is_its_own {
            return Err(cannot_tell(format!(
                "the row under its id is of {} and names record {}, and the order was {} behind record {}",
                row.kind, row.seq, order.action, witness.seq
            )));
        }
        let seen = order.seen();
        let finished = Finished::at(&seen, row_sentence(&order.action, &seen));
        self.executed(order, finished, row.at).await
    }
}

async fn row(connection: &mut Connection, id: ActionId) -> Result<Option<ReceiptRow>, SqlError> {
    let id = id.to_string();
    let sql = "select kind, seq, hash, (extract(epoch from at) * 1000)::bigint from cp.receipt \
         where op_id = $1::uuid";
    let rows = connection.query(sql, &[(&id, Type::TEXT)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let read = || {
        let at = Timestamp::from_millis(row.try_get(3)?);
        Ok(ReceiptRow { kind: row.try_get(0)?, seq: row.try_get(1)?, hash: row.try_get(2)?, at })
    };
    let read: Result<ReceiptRow, tokio_postgres::Error> = read();
    read.map(Some).map_err(|error| SqlError::Lost { why: error.to_string() })
}
