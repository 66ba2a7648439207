//! Every page once, made by hand and drawn through the door that the server uses.

use crate::kernel_words::CATALOGUE;
use crate::ui::fixtures as made;
use crate::ui::made as more;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::model::action::{ActionKind, Stage};
use aerodb_control::model::actor::ActorRole;
use aerodb_control::model::answer::{Interrupted, Outcome};
use aerodb_control::model::cluster::ReceiptStatus;
use aerodb_control::model::invariant::Invariant;
use aerodb_control::model::pinned::InDoubt;
use aerodb_control::model::receipt::{KernelRefusal, Tombstone};
use aerodb_control::model::refusal::{Refusal, RefusalCode};
use aerodb_control::ui::{
    ActionView, Leaving, NewAction, OpenLink, OtherWays, Page, Privileged, ProofShown,
    ProviderRedirect, Returned, SetUp, SignIn,
};
use aerodb_control::web::render;
use axum::http::{StatusCode, header};
use http_body_util::BodyExt;
use leptos::config::LeptosOptions;

pub(crate) const OPERATOR: Option<ActorRole> = Some(ActorRole::Operator);

pub(crate) fn options() -> LeptosOptions {
    LeptosOptions::builder().output_name("aerodb-control").build()
}

/// The document without its nonce, which is the one thing that differs between two responses.
pub(crate) async fn draw(role: Option<ActorRole>, page: Page) -> String {
    let response = render::page(&options(), made::frame(role), page, StatusCode::OK).await;
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert!(nonce.len() >= 16, "{policy}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap().replace(&nonce, "NONCE")
}

pub(crate) fn view(answer: aerodb_control::model::answer::ActionAnswer) -> Page {
    Page::Action(Box::new(action_view(answer)))
}

/// As it is shown to somebody who proved lately who they are, and whom nothing was refused.
pub(crate) fn action_view(answer: aerodb_control::model::answer::ActionAnswer) -> ActionView {
    ActionView { answer, refusal: None, proof: ProofShown::Recent, typed: None, reader: None }
}

pub(crate) fn refusal(text: &str) -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::TargetMistyped, text)
        .citing([Invariant::TargetTyped])
        .with_evidence(text, "n2")
        .about(made::action_id());
    refusal.moved = vec![made::told(text, text, text)];
    refusal.field = Some("typed_target".to_owned());
    refusal
}

pub(crate) fn new_action(node: Option<&str>, text: &str) -> Page {
    let state = made::settled();
    let overview = made::overview(state.clone(), text);
    Page::NewAction(Box::new(NewAction {
        action_id: made::action_id(),
        entry: CATALOGUE.named("switchover").expect("an action"),
        values: std::collections::BTreeMap::new(),
        attested: std::collections::BTreeMap::new(),
        node: node.map(made::node_id),
        reason: Some(text.to_owned()),
        state,
        candidates: overview.target_checks[0].candidates.clone(),
        in_doubt: Some(in_doubt()),
        freeze: None,
        refusal: Some(refusal(text)),
    }))
}

pub(crate) fn in_doubt() -> InDoubt {
    InDoubt { action_id: made::action_id(), kind: ActionKind::of("stop_writes") }
}

pub(crate) fn unknown_action(text: &str) -> aerodb_control::model::answer::ActionAnswer {
    let mut answer = made::answer(Stage::Unknown, text);
    answer.outcome = Some(Outcome::Unknown { why: text.to_owned() });
    answer.kernel_says = Some(ReceiptStatus::NoneYet { action_id: made::action_id() });
    answer
}

/// Every page once, with `text` wherever free text can stand.
pub(crate) fn every_page(text: &str) -> Vec<(&'static str, Page)> {
    let mut overview = made::overview(made::headless(text), text);
    overview.in_doubt = Some(in_doubt());
    let mut stale = made::answer(Stage::Stale, text);
    stale.moved =
        vec![made::moved(Some("n2"), "reachable", true, false), made::told(text, text, text)];
    let mut refused = made::answer(Stage::Refused, text);
    refused.outcome = Some(Outcome::Refused {
        refusal: KernelRefusal {
            rule: text.to_owned(),
            sentence: text.to_owned(),
            invariants: vec![EngineInvariant::EpochUnchanged.id()],
        },
    });
    let mut voided = made::answer(Stage::Voided, text);
    let tombstone = Tombstone {
        action_id: made::action_id(),
        voided_at: made::at(20),
        result: text.to_owned(),
    };
    voided.outcome = Some(Outcome::Voided { tombstone });
    let mut interrupted = made::answer(Stage::Dispatched, text);
    interrupted.interrupted = Some(Interrupted::OutcomeUnknown);
    interrupted.kernel_says = Some(ReceiptStatus::Executed { receipt: made::receipt(text) });
    let mut running = made::answer(Stage::Dispatched, text);
    running.under_way = Some(made::progress(text));
    overview.state = overview.state.with_under_way(running.under_way.clone());
    let mut mistyped = made::answer(Stage::Explained, text);
    mistyped.duplicate = true;
    let mistyped = ActionView {
        refusal: Some(refusal(text)),
        proof: ProofShown::Asked,
        typed: Some(text.to_owned()),
        ..action_view(mistyped)
    };
    let asked_there = ProofShown::AskedThere(text.to_owned());
    let proved_there = ActionView { proof: asked_there, ..mistyped.clone() };
    let sign_in = SignIn {
        next: Some(text.to_owned()),
        anew: true,
        name: Some(text.to_owned()),
        others: OtherWays { provider: Some(text.to_owned()), by_proxy: true },
        refusal: Some(refusal(text)),
    };
    let (provider, address) = (text.to_owned(), text.to_owned());
    let leaving = Leaving { provider, address, way: ProviderRedirect::In };
    let returned = Returned {
        provider: text.to_owned(),
        state: text.to_owned(),
        code: text.to_owned(),
        issuer: Some(text.to_owned()),
        error: None,
    };
    let unanswered = Returned { error: Some(text.to_owned()), ..returned.clone() };
    let set_up = SetUp { token: text.to_owned(), name: None, refusal: None };
    let open_link = OpenLink { token: text.to_owned(), refusal: Some(refusal(text)) };
    let log = made::log(text);
    vec![
        ("sign-in", Page::SignIn(sign_in)),
        ("leaving", Page::Leaving(leaving)),
        ("returned", Page::Returned(Box::new(returned))),
        ("unanswered", Page::Returned(Box::new(unanswered))),
        ("set-up", Page::SetUp(set_up)),
        ("open-link", Page::OpenLink(open_link)),
        ("access", Page::Access(Box::new(more::access()))),
        ("everybody", Page::Everybody(Box::new(more::everybody()))),
        ("issued", Page::Issued(Box::new(more::issued(text)))),
        ("overview", made::overview_page(overview)),
        ("catalogue", Page::Catalogue),
        ("new-action", new_action(Some("n2"), text)),
        ("actions", Page::Actions(Box::new(made::actions()))),
        ("explained", Page::Action(Box::new(mistyped))),
        ("proved-there", Page::Action(Box::new(proved_there))),
        ("running", view(running)),
        ("rejected", view(made::answer(Stage::Rejected, text))),
        ("stale", view(stale)),
        ("executed", view(made::executed(vec![made::told(text, text, text)]))),
        ("refused-by-kernel", view(refused)),
        ("voided", view(voided)),
        ("interrupted", view(interrupted)),
        ("unknown", view(unknown_action(text))),
        ("node", Page::Node(Box::new(more::node_answer("n2", made::settled(), text)))),
        ("node-lost", Page::Node(Box::new(more::node_answer("n3", made::headless(text), text)))),
        ("timeline", Page::Timeline(Box::new(more::timeline_view(text)))),
        ("log", Page::Log(Box::new(log))),
        ("record", Page::Record(Box::new(more::record_page(text)))),
        ("observation", Page::Observation(Box::new(more::kept_observation(text)))),
        ("reference", Page::Reference(vec![Privileged { path: "/freeze", needs: "operator" }])),
        (
            "reference-action",
            Page::ReferenceAction(CATALOGUE.named("failover").expect("an action")),
        ),
        ("reference-failures", Page::ReferenceFailures),
        ("help", Page::Help),
        ("go", Page::Go(text.to_owned())),
        ("refused", Page::Refused(Box::new(refusal(text)))),
    ]
}
