//! The handlers that declare and lift a freeze: for forms and for JSON alike.

use super::fields::{ClientFormat, Fields};
use super::{WriteState, pages};
use crate::authority::Operator;
use crate::model::action::ActionId;
use crate::model::answer::FreezeAnswer;
use crate::model::refusal::Refusal;
use crate::model::text::{InputError, Reason};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

/// `POST /freeze`: declares that nothing is to change.
pub(super) async fn freeze(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    body: Result<Fields, Refusal>,
) -> Response {
    let outcome = match body.and_then(|fields| declared(fields).map_err(Refusal::from)) {
        Ok((id, reason)) => site.workflow.freeze(&operator, id, reason).await,
        Err(why) => Err(site.workflow.decline(&operator, None, "freeze", why).await),
    };
    answer(&site, &operator, door, outcome).await
}

/// `POST /unfreeze`: lifts the freeze that it names. What it was sent for may be long gone (C7.2).
pub(super) async fn unfreeze(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    body: Result<Fields, Refusal>,
) -> Response {
    let outcome = match body.and_then(|fields| lifted(fields).map_err(Refusal::from)) {
        Ok((freeze, reason)) => site.workflow.unfreeze(&operator, freeze, reason).await,
        Err(why) => Err(site.workflow.decline(&operator, None, "unfreeze", why).await),
    };
    answer(&site, &operator, door, outcome).await
}

fn declared(mut fields: Fields) -> Result<(ActionId, Reason), InputError> {
    let typed = fields.text("freeze_id")?;
    let id = ActionId::parse(&typed)
        .map_err(|error| InputError::new("freeze_id", &typed, error.required))?;
    let reason = Reason::parse(&fields.text("reason")?)?;
    fields.finish()?;
    Ok((id, reason))
}

fn lifted(mut fields: Fields) -> Result<(u64, Reason), InputError> {
    let reason = Reason::parse(&fields.text("reason")?)?;
    let named = fields.text("freeze")?;
    fields.finish()?;
    let required = "the sequence number of the record that declared the freeze";
    let number = named.parse().ok().filter(|seq| i64::try_from(*seq).is_ok());
    let number = number.ok_or_else(|| InputError::new("freeze", &named, required))?;
    Ok((number, reason))
}

/// A form goes back to the actions, where the freeze stands or no longer does.
async fn answer(
    site: &WriteState,
    operator: &Operator,
    door: ClientFormat,
    outcome: Result<FreezeAnswer, Refusal>,
) -> Response {
    match (door, outcome) {
        (ClientFormat::Api, Ok(answer)) => Json(answer).into_response(),
        (ClientFormat::Api, Err(why)) => why.into_response(),
        (ClientFormat::Page, Ok(_)) => Redirect::to("/actions").into_response(),
        (ClientFormat::Page, Err(why)) => {
            pages::refused(&site.reading, Some(operator.viewer()), why).await
        }
    }
}
