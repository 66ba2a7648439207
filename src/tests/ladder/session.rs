//! Where an order of the ladder runs. A checkpoint leaves no note where it runs, so it runs in a session on
//! its node, and once that ended nobody can tell what became of it. Everything else is noted in the one step
//! in which it is done: what is not noted did not happen, and can be ruled out for ever.

use super::actions::LadderCommand;
use super::invariants::Rule;
use super::port::{refusal, refused};
use super::state::LadderState;
use aerodb_control::kernel::{ApplyError, Order, PendingOrder, Resolution, ResolveError};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::receipt::Tombstone;
use aerodb_control::model::session::{Session, SessionValue};
use aerodb_control::model::text::NodeId;

/// Opens a session for an order that runs in one.
pub(super) fn open(state: &mut LadderState, pending: &PendingOrder) -> Result<Session, ApplyError> {
    // What was opened and not used is given up.
    state.open = None;
    let id = pending.action_id();
    if state.receipts.contains_key(&id) || state.voided.contains_key(&id) {
        return Ok(Session::none());
    }
    let Some(LadderCommand::RunCheckpoint { node }) = LadderCommand::of(&pending.request().action)
    else {
        return Ok(Session::none());
    };
    if !state.answers(&node) {
        return Err(refusal(Rule::IsReached, format!("{node} does not answer.")));
    }
    if state.is_full {
        return Err(refused("no_connection_left", format!("{node} takes no more connections.")));
    }
    state.sessions += 1;
    let text = SessionValue::Text;
    let session = Session::new([
        ("node", text(node.to_string())),
        ("pid", SessionValue::Number(4200 + state.sessions)),
        ("began", text(state.now().to_string())),
    ]);
    let session = session.expect("it is short");
    state.open = Some((id, session.clone()));
    Ok(session)
}

/// Whether an order came in the session that was opened for it; one that runs in none needs none.
pub(super) fn is_its_own(state: &LadderState, order: &Order, session: &Session) -> bool {
    match LadderCommand::of(order.action()) {
        Some(LadderCommand::RunCheckpoint { .. }) => {
            state.open.as_ref() == Some(&(order.action_id(), session.clone()))
        }
        _ => session.is_none(),
    }
}

/// What can be proven of an order, after its session was ended.
pub(super) fn resolve(
    state: &mut LadderState,
    id: ActionId,
    session: &Session,
) -> Result<Resolution, ResolveError> {
    if let Some(receipt) = state.receipts.get(&id) {
        return Ok(Resolution::Executed(receipt.clone()));
    }
    if let Some(tombstone) = state.voided.get(&id) {
        return Ok(Resolution::Voided(tombstone.clone()));
    }
    if session.is_none() {
        let result = "Nothing is noted of it, and nothing of it will be done.".to_owned();
        let tombstone = Tombstone { action_id: id, voided_at: state.now(), result };
        state.voided.insert(id, tombstone.clone());
        return Ok(Resolution::Voided(tombstone));
    }
    let node = match session.get("node") {
        Some(SessionValue::Text(name)) => NodeId::parse(name).ok(),
        Some(SessionValue::Number(_)) | None => None,
    };
    let Some(node) = node else {
        return Err(ResolveError::CannotTell { why: format!("{session} names no node") });
    };
    if !state.answers(&node) {
        let why = "no answer on its port".to_owned();
        return Err(ResolveError::NodeUnreachable { node, why });
    }
    state.open.take_if(|(_, open)| open == session);
    let why = format!("the session ended, and a checkpoint leaves no note on {node}");
    Err(ResolveError::CannotTell { why })
}
