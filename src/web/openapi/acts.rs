//! What the routes that leave a record do, take, answer and refuse: one function for each that programs use.

use super::operation::{Operation, OperationParameter, ParameterIn, Schemas};
use crate::model::action::ActionId;
use crate::model::answer::{ActionAnswer, FreezeAnswer, SessionAnswer};
use crate::model::body::{
    ConfirmBody, FindingBody, FreezeBody, LinkBody, NothingBody, ReasonBody, RequestBody,
    SignInBody, UnfreezeBody,
};
use crate::model::link::{LinkAnswer, TokenAnswer};
use crate::model::refusal::RefusalCode as Code;
use crate::model::text::ActorName;

pub(in crate::web) fn sign_in(schemas: &mut Schemas) -> Operation {
    Operation::new("signIn", "Signs a person in.")
        .takes::<SignInBody>(schemas)
        .json::<SessionAnswer>(schemas)
        .refuses([Code::SignInFailed, Code::TooManyAttempts])
}

pub(in crate::web) fn sign_out(_: &mut Schemas) -> Operation {
    Operation::new("signOut", "Ends the session.").answers(204, "It has ended.", None)
}

pub(in crate::web) fn confirm(schemas: &mut Schemas) -> Operation {
    let summary = "Confirms what was explained, and runs it once; where two operators have to, after the second.";
    about_action("confirmAction", summary, schemas).takes::<ConfirmBody>(schemas).refuses([
        Code::NotWhatWasExplained,
        Code::TargetMistyped,
        Code::SecondOperator,
        Code::ProofNeeded,
        Code::ProofFailed,
        Code::TooManyAttempts,
        Code::Stale,
        Code::Busy,
        Code::Frozen,
        Code::KernelUnreachable,
    ])
}

pub(in crate::web) fn withdraw(schemas: &mut Schemas) -> Operation {
    about_action("withdrawAction", "Takes a request back before it is confirmed.", schemas)
        .takes::<ReasonBody>(schemas)
}

pub(in crate::web) fn resolve(schemas: &mut Schemas) -> Operation {
    let summary = "Asks the kernel what became of an open action, or to make its id void.";
    about_action("resolveAction", summary, schemas).takes::<ReasonBody>(schemas).refuses([
        Code::Busy,
        Code::CannotSettle,
        Code::NeedsPrimary,
        Code::KernelUnreachable,
    ])
}

pub(in crate::web) fn finding(schemas: &mut Schemas) -> Operation {
    let summary = "Records what was found about an action that the kernel cannot resolve.";
    about_action("recordFinding", summary, schemas).takes::<FindingBody>(schemas).refuses([
        Code::Busy,
        Code::Provable,
        Code::KernelUnreachable,
    ])
}

pub(in crate::web) fn freeze(schemas: &mut Schemas) -> Operation {
    Operation::new("declareFreeze", "Declares that nothing is to change.")
        .takes::<FreezeBody>(schemas)
        .json::<FreezeAnswer>(schemas)
        .refuses([Code::Frozen, Code::IdReused])
}

pub(in crate::web) fn unfreeze(schemas: &mut Schemas) -> Operation {
    Operation::new("liftFreeze", "Lifts the freeze that is named.")
        .takes::<UnfreezeBody>(schemas)
        .json::<FreezeAnswer>(schemas)
        .refuses([Code::NoFreeze])
}

pub(in crate::web) fn revoke_link(schemas: &mut Schemas) -> Operation {
    let segment = OperationParameter::of(ParameterIn::Path, "id", "The link.");
    Operation::new("revokeLink", "Withdraws a link: it and its session end.")
        .with(segment.schema(schemas.of::<ActionId>()))
        .takes::<NothingBody>(schemas)
        .json::<LinkAnswer>(schemas)
        .refuses([Code::NotFound])
}

pub(in crate::web) fn revoke_token(schemas: &mut Schemas) -> Operation {
    let segment = OperationParameter::of(ParameterIn::Path, "name", "The token.");
    Operation::new("revokeToken", "Withdraws a token: it works nowhere any more.")
        .with(segment.schema(schemas.of::<ActorName>()))
        .takes::<NothingBody>(schemas)
        .json::<TokenAnswer>(schemas)
        .refuses([Code::NotFound])
}

pub(in crate::web) fn request(schemas: &mut Schemas) -> Operation {
    let answer = Some(("application/json", schemas.of::<ActionAnswer>()));
    Operation::new("requestAction", "Asks for an action: it is explained, and nothing runs.")
        .takes::<RequestBody>(schemas)
        .answers(200, "The same request again: the action as it stands.", answer.clone())
        .answers(201, "It is explained and waits for its confirmation.", answer)
        .refuses([
            Code::Rejected,
            Code::Unresolved,
            Code::Frozen,
            Code::IdReused,
            Code::KernelUnreachable,
        ])
}

pub(in crate::web) fn issue_link(schemas: &mut Schemas) -> Operation {
    let answer = Some(("application/json", schemas.of::<LinkAnswer>()));
    Operation::new(
        "issueLink",
        "Issues a link for a stakeholder; its secret is in this answer only.",
    )
    .takes::<LinkBody>(schemas)
    .answers(200, "The same link again, without its secret.", answer.clone())
    .answers(201, "It is issued.", answer)
    .refuses([Code::NotFound, Code::IdReused])
}

/// A step about one action, answered with the action.
fn about_action(id: &'static str, summary: &'static str, schemas: &mut Schemas) -> Operation {
    let segment = OperationParameter::of(ParameterIn::Path, "id", "The action.");
    Operation::new(id, summary)
        .with(segment.schema(schemas.of::<ActionId>()))
        .json::<ActionAnswer>(schemas)
        .refuses([Code::NotFound, Code::WrongStage])
}
