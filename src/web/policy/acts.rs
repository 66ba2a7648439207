//! Every route that writes.

use super::Needs;

/// A route that writes at least a record, or begins what ends in one. Its handlers hold an `Acting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Signing in.
    SignIn,
    /// Asking a provider of OpenID Connect who somebody is.
    Leave,
    /// Signing in by what it answered.
    Return,
    /// Signing in by the word of a proxy.
    SignInByProxy,
    /// Signing out.
    SignOut,
    /// Creating the first operator.
    SetUp,
    /// Asking for an action.
    Request,
    /// Confirming one.
    Confirm,
    /// Taking one back.
    Withdraw,
    /// Settling one.
    Settle,
    /// Recording what was found about one.
    Finding,
    /// Declaring a freeze.
    Freeze,
    /// Lifting it.
    Unfreeze,
    /// Exchanging a link for its session.
    UseLink,
    /// Issuing a link for a stakeholder.
    IssueLink,
    /// Withdrawing one.
    RevokeLink,
    /// Withdrawing a token.
    RevokeToken,
    /// Signing in from a program that a person runs.
    ApiSignIn,
    /// Signing out from it.
    ApiSignOut,
    /// Asking for an action.
    ApiRequest,
    /// Confirming one.
    ApiConfirm,
    /// Taking one back.
    ApiWithdraw,
    /// Settling one.
    ApiSettle,
    /// Recording what was found about one.
    ApiFinding,
    /// Declaring a freeze.
    ApiFreeze,
    /// Lifting it.
    ApiUnfreeze,
    /// Issuing a link for a stakeholder.
    ApiIssueLink,
    /// Withdrawing one.
    ApiRevokeLink,
    /// Withdrawing a token.
    ApiRevokeToken,
}

/// The routes that write: all of them answer POST, and nothing else does.
pub const ACTS: &[(Act, &str, Needs)] = &[
    (Act::SignIn, "/login", Needs::Anyone),
    (Act::Leave, "/login/openid", Needs::Anyone),
    (Act::Return, "/login/openid/finish", Needs::Anyone),
    (Act::SignInByProxy, "/login/proxy", Needs::Anyone),
    (Act::SignOut, "/logout", Needs::Onlooker),
    (Act::SetUp, "/setup", Needs::Anyone),
    (Act::Request, "/actions", Needs::Operator),
    (Act::Confirm, "/actions/{id}/confirm", Needs::Operator),
    (Act::Withdraw, "/actions/{id}/withdraw", Needs::Operator),
    (Act::Settle, "/actions/{id}/settle", Needs::Operator),
    (Act::Finding, "/actions/{id}/finding", Needs::Operator),
    (Act::Freeze, "/freeze", Needs::Operator),
    (Act::Unfreeze, "/unfreeze", Needs::Operator),
    (Act::UseLink, "/link", Needs::Anyone),
    (Act::IssueLink, "/links", Needs::Operator),
    (Act::RevokeLink, "/links/{id}/revoke", Needs::Operator),
    (Act::RevokeToken, "/tokens/{name}/revoke", Needs::Operator),
    (Act::ApiSignIn, "/api/v1/login", Needs::Anyone),
    (Act::ApiSignOut, "/api/v1/logout", Needs::Onlooker),
    (Act::ApiRequest, "/api/v1/actions", Needs::Operator),
    (Act::ApiConfirm, "/api/v1/actions/{id}/confirm", Needs::Operator),
    (Act::ApiWithdraw, "/api/v1/actions/{id}/withdraw", Needs::Operator),
    (Act::ApiSettle, "/api/v1/actions/{id}/settle", Needs::Operator),
    (Act::ApiFinding, "/api/v1/actions/{id}/finding", Needs::Operator),
    (Act::ApiFreeze, "/api/v1/freeze", Needs::Operator),
    (Act::ApiUnfreeze, "/api/v1/unfreeze", Needs::Operator),
    (Act::ApiIssueLink, "/api/v1/links", Needs::Operator),
    (Act::ApiRevokeLink, "/api/v1/links/{id}/revoke", Needs::Operator),
    (Act::ApiRevokeToken, "/api/v1/tokens/{name}/revoke", Needs::Operator),
];
