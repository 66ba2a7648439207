//! The pages: each gathers the data of one address and hands it to the renderer.
//!
//! They run on a `ReadState`, which has nothing with which to change anything, so no GET can (C8.3).

use super::ReadState;
use super::gate::{self, SignedIn};
use super::query::{Query, Segment};
use super::{preferences, reauth, refusal, render};
use crate::authority::{Operator, Viewer};
use crate::model::action::ActionId;
use crate::model::answer::SessionAnswer;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::spec::ActionSpec;
use crate::model::text::NodeId;
use crate::ui::{ActionView, ConsoleScope, Frame, NewAction, Page, SetUp, SignIn};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeMap;

/// Draws a page for whoever is signed in.
pub(super) async fn draw(
    site: &ReadState,
    viewer: Option<&Viewer>,
    page: Page,
    status: StatusCode,
) -> Response {
    let frame = frame(site, viewer.map(gate::session_answer), &page).await;
    render::page(&site.leptos, frame, page, status).await
}

/// What stands round a page for this reader.
pub(super) async fn frame(site: &ReadState, session: Option<SessionAnswer>, page: &Page) -> Frame {
    let is_known = session.is_some();
    // Who is not signed in is told nothing about the cluster.
    let status = match page.present() {
        _ if !is_known => None,
        Some((state, blocking)) => Some(site.read.status_over(state.clone(), blocking)),
        None => Some(site.read.status().await),
    };
    Frame {
        environment: site.environment,
        status,
        identity: site.identity.clone(),
        spec: site.read.spec(),
        session,
        unrecordable: is_known.then(|| site.read.unrecordable()).flatten(),
        // That nothing can be changed is said to everybody; what was found only to those who sign in.
        mismatch: site
            .read
            .mismatch()
            .map(|mismatch| if is_known { mismatch.shown() } else { mismatch.without_findings() }),
        preferences: preferences::present(),
        freeze_id: fresh_id(site),
        console: site.console,
        // A session that was not begun here is not ended here.
        can_sign_out: site.console == ConsoleScope::Whole,
        shows: None,
    }
}

/// Draws the data, or the refusal that came instead of it.
pub(super) async fn answer(
    site: &ReadState,
    viewer: &Viewer,
    page: Result<Page, Refusal>,
) -> Response {
    match page {
        Ok(page) => draw(site, Some(viewer), page, StatusCode::OK).await,
        Err(why) => refused(site, Some(viewer), why).await,
    }
}

/// Draws a refusal as a page.
pub(super) async fn refused(site: &ReadState, viewer: Option<&Viewer>, why: Refusal) -> Response {
    let status = refusal::status(why.code);
    // Whose session ended while the request was on its way is shown what a stranger is.
    let viewer = viewer.filter(|_| why.code != RefusalCode::NotSignedIn);
    draw(site, viewer, Page::Refused(Box::new(why)), status).await
}

/// An attempt at an action that was refused.
pub(super) struct RefusedAttempt {
    /// The refusal that the form shows above what was typed.
    pub(super) refusal: Refusal,
    /// What was typed as the name of the target.
    pub(super) typed: Option<String>,
}

/// The page of one action, with the refusal of an attempt. Where nothing but the proof of identity
/// was missing, what was typed stands in the form again.
pub(super) async fn action_page(
    site: &ReadState,
    operator: &Operator,
    id: &str,
    attempt: RefusedAttempt,
) -> Result<Page, Refusal> {
    let answer = site.read.action(ActionId::parse(id)?).await?;
    let RefusedAttempt { refusal, typed } = attempt;
    let typed = typed.filter(|_| refusal.field.as_deref() == Some("password"));
    let proof = reauth::shown_to(operator.viewer(), &site.others);
    let reader = Some(operator.actor().name.clone());
    let view = ActionView { answer, refusal: Some(refusal), proof, typed, reader };
    Ok(Page::Action(Box::new(view)))
}

/// The catalogue as a choice, or the form of one action.
pub(super) async fn new_action(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Response {
    let page = new_action_page(&site, query).await;
    answer(&site, &viewer, page).await
}

async fn new_action_page(site: &ReadState, mut query: Query) -> Result<Page, Refusal> {
    let Some(kind) = query.optional("kind") else {
        query.finish()?;
        return Ok(Page::Catalogue);
    };
    let entry = site.read.catalogue().named(&kind)?;
    let named = entry.node_parameter().map(|parameter| parameter.name);
    let named = named.and_then(|name| query.optional(name).map(|node| (name, node)));
    let node = named.map(|(name, node)| NodeId::parse_field(name, &node)).transpose()?;
    let others = entry.value_parameters().map(|parameter| parameter.name);
    let values = others.filter_map(|name| Some((name, query.optional(name)?))).collect();
    query.finish()?;
    let id = fresh_id(site);
    let attested = BTreeMap::new();
    form_page(site, ActionForm { id, entry, node, values, attested, reason: None, refusal: None })
        .await
}

/// What the form of an action is filled with.
pub(super) struct ActionForm {
    /// The id of the request.
    pub(super) id: ActionId,
    /// Which action.
    pub(super) entry: &'static ActionSpec,
    /// The node that was named.
    pub(super) node: Option<NodeId>,
    /// The other parameters, as they were named.
    pub(super) values: BTreeMap<&'static str, String>,
    /// The texts that were attested, as they were typed.
    pub(super) attested: BTreeMap<&'static str, String>,
    /// The reason that was typed.
    pub(super) reason: Option<String>,
    /// Why an attempt was refused.
    pub(super) refusal: Option<Refusal>,
}

/// The page with the form of an action.
pub(super) async fn form_page(site: &ReadState, form: ActionForm) -> Result<Page, Refusal> {
    let state = site.read.observe().await?;
    let standing = site.read.standing()?;
    let candidates = site.read.why_not(&state, form.entry, &standing);
    let (in_doubt, freeze) = (standing.in_doubt, standing.freeze);
    Ok(Page::NewAction(Box::new(NewAction {
        action_id: form.id,
        entry: form.entry,
        node: form.node,
        values: form.values,
        attested: form.attested,
        reason: form.reason,
        state,
        candidates,
        in_doubt,
        freeze,
        refusal: form.refusal,
    })))
}

/// A fresh id for a form; the form keeps it, so that sending it twice is one request (C7.2).
pub(super) fn fresh_id(site: &ReadState) -> ActionId {
    let mut id = [0; 16];
    id.copy_from_slice(site.entropy.bytes().split_at(16).0);
    ActionId::from_random(id)
}

/// The sign-in form.
pub(super) async fn sign_in(State(site): State<ReadState>, mut query: Query) -> Response {
    let next = query.optional("next");
    let next = next.map(|next| local_path(&next));
    let page = SignIn { next, others: site.others.clone(), ..SignIn::default() };
    draw(&site, None, Page::SignIn(page), StatusCode::OK).await
}

/// The form behind the one-time set-up link. Whether the link is good is found when it is used.
pub(super) async fn set_up(State(site): State<ReadState>, Segment(token): Segment) -> Response {
    let page = SetUp { token, name: None, refusal: None };
    draw(&site, None, Page::SetUp(page), StatusCode::OK).await
}

/// A path on this site, or the overview: an address elsewhere is never followed.
pub(super) fn local_path(path: &str) -> String {
    let mut chars = path.chars();
    let is_local = chars.next() == Some('/') && !matches!(chars.next(), Some('/' | '\\'));
    let is_plain = path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if is_local && is_plain { path.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_elsewhere_is_never_followed() {
        for elsewhere in
            ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nb", "/ü"]
        {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(local_path("/actions?before=3"), "/actions?before=3");
    }
}
