//! What the requests of the API carry. The command line sends these; the server reads the fields one
//! by one, so that what is wrong is refused by its name, and the description of the API is made of
//! them. Every value is text, as a form sends it: the server alone judges what it says.

use serde::Serialize;
use std::collections::BTreeMap;

#[cfg(feature = "ssr")]
use crate::model::{
    action::{ActionId, ActionKind},
    canonical::Hash,
    record::ManualOutcome,
    text::{ActorName, Reason},
};

/// Signing in.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SignInBody {
    /// The account.
    #[cfg_attr(feature = "ssr", schemars(with = "ActorName"))]
    pub name: String,
    /// Its password.
    pub password: String,
}

/// Asking for an action.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct RequestBody {
    /// The id of the request, made before it is sent. The same request under the same id is the same
    /// action, for ever (C7.2).
    #[cfg_attr(feature = "ssr", schemars(with = "ActionId"))]
    pub action_id: String,
    /// Which action.
    #[cfg_attr(feature = "ssr", schemars(with = "ActionKind"))]
    pub kind: String,
    /// Its parameters by name, as the catalogue lists them.
    pub params: BTreeMap<String, String>,
    /// What is attested with it, by the keys that the catalogue lists.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attested: BTreeMap<String, String>,
    /// Why, in a line of plain text.
    #[cfg_attr(feature = "ssr", schemars(with = "Reason"))]
    pub reason: String,
}

/// Confirming what was explained.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ConfirmBody {
    /// The digest of the explanation that was read.
    #[cfg_attr(feature = "ssr", schemars(with = "Hash"))]
    pub digest: String,
    /// The name of the target, where the explanation asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typed_target: Option<String>,
    /// The `after_refusal` of the action, as text, where it has one: that this was confirmed after it
    /// was refused, and is no copy of what was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ssr", schemars(regex(pattern = "^[0-9]{1,19}$")))]
    pub after_refusal: Option<String>,
    /// The password of the account, where a disruptive action asks for a recent proof of identity. It
    /// is checked whenever it is there. The session gets another secret, which the answer carries as
    /// the cookie; the one until now opens nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// Withdrawing or resolving an action.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ReasonBody {
    /// Why, in a line of plain text.
    #[cfg_attr(feature = "ssr", schemars(with = "Reason"))]
    pub reason: String,
}

/// Saying what was found about an action.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct FindingBody {
    /// Whether it ran.
    #[cfg_attr(feature = "ssr", schemars(with = "ManualOutcome"))]
    pub executed: String,
    /// What that rests on, in a line of plain text.
    #[cfg_attr(feature = "ssr", schemars(with = "Reason"))]
    pub evidence: String,
}

/// Declaring a freeze.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct FreezeBody {
    /// The id of the declaration, made before it is sent. Sent again it declares nothing (C7.2).
    #[cfg_attr(feature = "ssr", schemars(with = "ActionId"))]
    pub freeze_id: String,
    /// Why, in a line of plain text.
    #[cfg_attr(feature = "ssr", schemars(with = "Reason"))]
    pub reason: String,
}

/// Lifting a freeze.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct UnfreezeBody {
    /// The sequence number of the record that declared it, as text: no other freeze is lifted.
    #[cfg_attr(feature = "ssr", schemars(regex(pattern = "^[0-9]{1,19}$")))]
    pub freeze: String,
    /// Why, in a line of plain text.
    #[cfg_attr(feature = "ssr", schemars(with = "Reason"))]
    pub reason: String,
}

/// Issuing a link for a stakeholder.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct LinkBody {
    /// The id of the link, made before it is sent. Sent again it issues nothing (C7.2).
    #[cfg_attr(feature = "ssr", schemars(with = "ActionId"))]
    pub link_id: String,
    /// For whom, or for what. No account, no token and no other link ever had the name.
    #[cfg_attr(feature = "ssr", schemars(with = "ActorName"))]
    pub name: String,
    /// `cluster`: the overview and the timeline. The id of an action: these, and that one.
    pub scope: String,
    /// How long it lasts: a whole number and one of m, h, d, up to 7 days.
    #[cfg_attr(feature = "ssr", schemars(regex(pattern = "^[0-9]+[mhd]$")))]
    pub expires: String,
}

/// No field: what is meant stands in the address.
#[derive(Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct NothingBody {}
