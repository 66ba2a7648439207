//! The handlers that ask for, confirm, take back and resolve actions: for forms and for JSON alike.
//!
//! A form is answered with a redirection to the page of the action, so that reloading never posts
//! again; where the input was refused, the form is drawn again with what was typed.

use super::WriteState;
use super::fields::{ClientFormat, Fields};
use super::login::{DelayedRefusal, told_to_wait};
use super::pages::{self, ActionForm, RefusedAttempt};
use super::query::Segment;
use super::reauth::ReauthForm;
use super::refusal;
use crate::authority::Operator;
use crate::model::action::{Action, ActionId};
use crate::model::answer::ActionAnswer;
use crate::model::attestation::{ATTESTED_PREFIX, Attestations};
use crate::model::canonical::Hash;
use crate::model::record::{ManualOutcome, RESOLVE};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::spec::{ActionSpec, AttestationForm, AttestationSpec, Catalogue, KernelSpec};
use crate::model::text::{InputError, NodeId, Reason};
use crate::ui::Page;
use crate::workflow::{Confirmation, ManualResolution, Workflow};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a page waits for the outcome of a long action before it shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a step about an action came to, before the door it came through is considered.
type StepResult = Result<ActionAnswer, Refusal>;

/// `POST /actions`: asks for an action.
pub(super) async fn request(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut typed = TypedFields::default();
    let asked = body.and_then(|fields| {
        asked(site.workflow.read().spec(), fields, door, &mut typed).map_err(Refusal::from)
    });
    let outcome = match asked {
        Ok((id, action, attested, reason)) => {
            let outcome = site.workflow.request(&operator, id, action, attested, reason).await;
            // A rejected request is an action too: its page shows every check.
            let has_page = outcome.as_ref().map_or_else(|why| is_rejection(why, id), |_| true);
            if door == ClientFormat::Page && has_page {
                return to_action(id);
            }
            outcome
        }
        Err(why) => Err(site.workflow.decline(&operator, typed.id, "request", why).await),
    };
    match (door, outcome) {
        (ClientFormat::Page, Ok(answer)) => to_action(answer.id),
        (ClientFormat::Page, Err(why)) => form_again(&site, &operator, typed, why).await,
        (ClientFormat::Api, outcome) => json(outcome, StatusCode::CREATED),
    }
}

/// `POST /actions/{id}/confirm`: confirms what was read. The only way to run an action.
///
/// A password that came with it is checked first, and then the rest is judged as it would be without.
pub(super) async fn confirm(
    door: ClientFormat,
    operator: Operator,
    asking: ReauthForm,
    State(site): State<WriteState>,
    Segment(id): Segment,
    body: Result<Fields, Refusal>,
) -> Response {
    let given = read(body, confirmation);
    let Some(password) = given.as_ref().ok().and_then(|(_, password)| password.clone()) else {
        return confirmed(&site, operator, door, &id, given.map(|(given, _)| given)).await;
    };
    let about = ActionId::parse(&id).ok();
    match asking.prove(&site, operator, about, &password).await {
        Ok((operator, cookie)) => {
            let given = given.map(|(given, _)| given);
            let mut response = confirmed(&site, operator, door, &id, given).await;
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err((operator, DelayedRefusal { why, wait_s })) => {
            let typed = given.ok().and_then(|(given, _)| given.typed_target);
            let mut response = about_action(&site, &operator, door, &id, Err(why), typed).await;
            told_to_wait(&mut response, wait_s);
            response
        }
    }
}

async fn confirmed(
    site: &WriteState,
    operator: Operator,
    door: ClientFormat,
    id: &str,
    given: Result<Confirmation, Refusal>,
) -> Response {
    let run = |workflow: Arc<Workflow>, who: Arc<Operator>, id, given| async move {
        workflow.confirm(&who, id, given).await
    };
    let typed = given.as_ref().ok().and_then(|given| given.typed_target.clone());
    let mut ending = pin!(step(site, operator, door, id, "confirm", (given, typed), run));
    let Some(sent) = ActionId::parse(id).ok().filter(|_| door == ClientFormat::Page) else {
        // A program that sent JSON waits for the outcome.
        return ending.await;
    };
    tokio::select! {
        biased;
        answer = &mut ending => answer,
        // The page shows how far a long action is. Only what is shown first depends on this time,
        // never what happens (C5.2).
        () = site.workflow.read().sent_and_takes_long(sent) => {
            timeout(PATIENCE, ending).await.unwrap_or_else(|_| to_action(sent))
        }
    }
}

/// `POST /actions/{id}/withdraw`: takes an action back before it is confirmed.
pub(super) async fn withdraw(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    Segment(id): Segment,
    body: Result<Fields, Refusal>,
) -> Response {
    let given = (read(body, reason), None);
    step(&site, operator, door, &id, "withdraw", given, |workflow, who, id, why| async move {
        workflow.withdraw(&who, id, why).await
    })
    .await
}

/// `POST /actions/{id}/resolve`: asks the kernel what became of an open action, or to void its id.
pub(super) async fn resolve(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    Segment(id): Segment,
    body: Result<Fields, Refusal>,
) -> Response {
    let given = (read(body, reason), None);
    step(&site, operator, door, &id, RESOLVE, given, |workflow, who, id, why| async move {
        workflow.resolve(&who, id, why).await
    })
    .await
}

/// `POST /actions/{id}/finding`: closes an open action by what an operator found.
pub(super) async fn finding(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    Segment(id): Segment,
    body: Result<Fields, Refusal>,
) -> Response {
    let given = (read(body, found), None);
    step(&site, operator, door, &id, "finding", given, |workflow, who, id, found| async move {
        workflow.record_finding(&who, id, found).await
    })
    .await
}

/// What a body holds for a step, or why it does not.
fn read<T>(
    body: Result<Fields, Refusal>,
    parse: impl FnOnce(Fields) -> Result<T, InputError>,
) -> Result<T, Refusal> {
    body.and_then(|fields| parse(fields).map_err(Refusal::from))
}

/// One step about an action, and its answer in the form of the door it came through. What was read of
/// the body stands beside what was typed as the name of a target.
async fn step<T, F>(
    site: &WriteState,
    operator: Operator,
    door: ClientFormat,
    id: &str,
    attempt: &str,
    (given, typed): (Result<T, Refusal>, Option<String>),
    run: impl FnOnce(Arc<Workflow>, Arc<Operator>, ActionId, T) -> F,
) -> Response
where
    F: Future<Output = StepResult> + Send + 'static,
{
    let operator = Arc::new(operator);
    let outcome = match (ActionId::parse(id).map_err(Refusal::from), given) {
        (Ok(id), Ok(given)) => {
            let (workflow, who) = (Arc::clone(&site.workflow), Arc::clone(&operator));
            outlive(id, run(workflow, who, id, given)).await
        }
        (Ok(id), Err(why)) => Err(site.workflow.decline(&operator, Some(id), attempt, why).await),
        (Err(why), _) => Err(site.workflow.decline(&operator, None, attempt, why).await),
    };
    about_action(site, &operator, door, id, outcome, typed).await
}

/// Runs one step in a task of its own. The server drops a handler when its client goes away; what
/// an operator has started is not dropped with it (C2.6, C6.2).
async fn outlive(
    id: ActionId,
    run: impl Future<Output = StepResult> + Send + 'static,
) -> StepResult {
    tokio::spawn(run).await.unwrap_or_else(|_| {
        let sentence = format!(
            "The control plane failed while it worked on {id}. Its page says what is known."
        );
        let mut refusal = Refusal::new(RefusalCode::Internal, sentence).about(id);
        refusal.executed = crate::model::refusal::Executed::Unknown;
        Err(refusal)
    })
}

/// The answer about an action that exists: its page, or JSON.
async fn about_action(
    site: &WriteState,
    operator: &Operator,
    door: ClientFormat,
    id: &str,
    outcome: StepResult,
    typed: Option<String>,
) -> Response {
    match (door, outcome) {
        (ClientFormat::Api, outcome) => json(outcome, StatusCode::OK),
        (ClientFormat::Page, Ok(answer)) => to_action(answer.id),
        (ClientFormat::Page, Err(why)) if why.code == RefusalCode::NotSignedIn => {
            pages::refused(&site.reading, None, why).await
        }
        (ClientFormat::Page, Err(why)) => {
            let status = refusal::status(why.code);
            let attempt = RefusedAttempt { refusal: why.clone(), typed };
            let page = pages::action_page(&site.reading, operator, id, attempt).await;
            // Where the action itself cannot be shown, the refusal still is.
            let page = page.unwrap_or_else(|_| Page::Refused(Box::new(why)));
            pages::draw(&site.reading, Some(operator.viewer()), page, status).await
        }
    }
}

/// What was typed into a form that is drawn again.
#[derive(Default)]
struct TypedFields {
    id: Option<ActionId>,
    entry: Option<&'static ActionSpec>,
    params: BTreeMap<String, String>,
    attested: BTreeMap<String, String>,
    reason: Option<String>,
}

async fn form_again(
    site: &WriteState,
    operator: &Operator,
    typed: TypedFields,
    why: Refusal,
) -> Response {
    if why.code == RefusalCode::NotSignedIn {
        return pages::refused(&site.reading, None, why).await;
    }
    let status = refusal::status(why.code);
    let page = match typed.entry {
        Some(entry) => {
            // A spent id cannot serve again; any other refusal leaves the id unspent.
            let spent = why.code == RefusalCode::IdReused;
            let id = typed.id.filter(|_| !spent);
            let form = ActionForm {
                id: id.unwrap_or_else(|| pages::fresh_id(&site.reading)),
                entry,
                node: node_in(entry, &typed.params),
                values: values_in(entry, &typed.params),
                attested: attested_in(entry, &typed.attested),
                reason: typed.reason,
                refusal: Some(why.clone()),
            };
            pages::form_page(&site.reading, form).await.ok()
        }
        None => None,
    };
    let page = page.unwrap_or_else(|| Page::Refused(Box::new(why)));
    pages::draw(&site.reading, Some(operator.viewer()), page, status).await
}

/// Reads a request from its fields; what could be read is left in `typed`.
fn asked(
    spec: &'static KernelSpec,
    mut fields: Fields,
    door: ClientFormat,
    typed: &mut TypedFields,
) -> Result<(ActionId, Action, Attestations, Reason), InputError> {
    let id = ActionId::parse(&fields.text("action_id")?)?;
    typed.id = Some(id);
    let kind = fields.text("kind")?;
    typed.entry = Catalogue::from(spec).named(&kind).ok();
    let reason = fields.text("reason")?;
    typed.reason = Some(reason.clone());
    let (params, attested) = match door {
        ClientFormat::Api => (fields.texts("params")?, fields.texts("attested")?),
        ClientFormat::Page => {
            let attested = fields.below(ATTESTED_PREFIX)?;
            (fields.rest()?, attested)
        }
    };
    fields.finish()?;
    typed.params.clone_from(&params);
    typed.attested.clone_from(&attested);
    let action = spec.parse(&kind, &params)?;
    let attested = spec.parse_attested(action.kind(), &attested)?;
    Ok((id, action, attested, Reason::parse(&reason)?))
}

/// The node that was named, where it is a name.
fn node_in(entry: &ActionSpec, params: &BTreeMap<String, String>) -> Option<NodeId> {
    NodeId::parse(params.get(entry.node_parameter()?.name)?).ok()
}

/// The other parameters that the kind takes, as they were typed.
fn values_in(
    entry: &ActionSpec,
    params: &BTreeMap<String, String>,
) -> BTreeMap<&'static str, String> {
    let names = entry.value_parameters().map(|parameter| parameter.name);
    names.filter_map(|name| Some((name, params.get(name)?.clone()))).collect()
}

/// The texts that were attested, as they were typed. A statement that was affirmed is not affirmed again
/// by the page (C2.4).
fn attested_in(
    entry: &ActionSpec,
    attested: &BTreeMap<String, String>,
) -> BTreeMap<&'static str, String> {
    let is_text = |asked: &&AttestationSpec| asked.form != AttestationForm::Statement;
    let keys = entry.attestations.iter().filter(is_text).map(|asked| asked.key);
    keys.filter_map(|key| Some((key, attested.get(key)?.clone()))).collect()
}

/// A confirmation, and the password that came with it. An empty field is none: a page has the field
/// only where it asks for one.
fn confirmation(mut fields: Fields) -> Result<(Confirmation, Option<String>), InputError> {
    let digest = fields.text("digest")?;
    let required = "the 64 hexadecimal digits of the digest that was shown";
    let digest =
        Hash::parse(&digest).ok_or_else(|| InputError::new("digest", &digest, required))?;
    let typed_target = fields.optional_text("typed_target")?;
    let after_refusal = fields.optional_text("after_refusal")?.map(|typed| {
        let required = "the sequence number of the record of a refused confirmation";
        typed.parse().map_err(|_| InputError::new("after_refusal", &typed, required))
    });
    let after_refusal = after_refusal.transpose()?;
    let password = fields.optional_text("password")?.filter(|password| !password.is_empty());
    fields.finish()?;
    Ok((Confirmation { digest, typed_target, after_refusal }, password))
}

fn reason(mut fields: Fields) -> Result<Reason, InputError> {
    let reason = Reason::parse(&fields.text("reason")?)?;
    fields.finish()?;
    Ok(reason)
}

fn found(mut fields: Fields) -> Result<ManualResolution, InputError> {
    let executed = ManualOutcome::parse(&fields.text("executed")?)?;
    let evidence = Reason::parse_field("evidence", &fields.text("evidence")?)?;
    fields.finish()?;
    Ok(ManualResolution { executed, evidence })
}

/// Whether the request was recorded and rejected, so that there is a page of it to show.
fn is_rejection(why: &Refusal, id: ActionId) -> bool {
    let is_verdict =
        matches!(why.code, RefusalCode::Rejected | RefusalCode::Unresolved | RefusalCode::Frozen);
    is_verdict && why.action_id == Some(id)
}

fn to_action(id: ActionId) -> Response {
    Redirect::to(&format!("/actions/{id}")).into_response()
}

fn json(outcome: StepResult, fresh: StatusCode) -> Response {
    match outcome {
        Ok(answer) => {
            let status = if answer.duplicate { StatusCode::OK } else { fresh };
            (status, Json(answer)).into_response()
        }
        Err(why) => why.into_response(),
    }
}
