//! A refusal becomes an HTTP answer: the only place that knows status codes for refusals.

use crate::model::refusal::{Refusal, RefusalCode};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Problem details (RFC 9457) that carry the refusal.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// A name for the kind of problem; it is no address.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of the kind.
    pub title: String,
    /// The HTTP status, repeated in the body (RFC 9457).
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The refusal, complete.
    pub refusal: Refusal,
}

/// The status for a refusal. An unknown outcome is no refusal and has status 200 (C7.3).
#[must_use]
pub fn status(code: RefusalCode) -> StatusCode {
    match code {
        RefusalCode::InputInvalid => StatusCode::BAD_REQUEST,
        RefusalCode::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        RefusalCode::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalCode::NotFound => StatusCode::NOT_FOUND,
        RefusalCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalCode::IdReused | RefusalCode::TargetMistyped | RefusalCode::NotWhatWasExplained => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        RefusalCode::NotSignedIn | RefusalCode::SignInFailed => StatusCode::UNAUTHORIZED,
        RefusalCode::TooManyAttempts | RefusalCode::TooManyStreams => StatusCode::TOO_MANY_REQUESTS,
        RefusalCode::ProofNeeded
        | RefusalCode::ProofFailed
        | RefusalCode::NotPermitted
        | RefusalCode::CrossSite
        | RefusalCode::IdentityUnproven
        | RefusalCode::NotAdmitted => StatusCode::FORBIDDEN,
        RefusalCode::SetupLinkSpent | RefusalCode::LinkSpent | RefusalCode::SignInSpent => {
            StatusCode::GONE
        }
        RefusalCode::Rejected => StatusCode::PRECONDITION_FAILED,
        RefusalCode::Stale
        | RefusalCode::WrongStage
        | RefusalCode::SecondOperator
        | RefusalCode::Busy
        | RefusalCode::Unresolved
        | RefusalCode::Frozen
        | RefusalCode::NoFreeze
        | RefusalCode::Provable
        | RefusalCode::InUse
        | RefusalCode::CannotSettle
        | RefusalCode::NeedsPrimary => StatusCode::CONFLICT,
        RefusalCode::KernelUnreachable | RefusalCode::ProviderUnreachable => {
            StatusCode::BAD_GATEWAY
        }
        RefusalCode::AuditUnavailable | RefusalCode::Mismatch | RefusalCode::ShuttingDown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        RefusalCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Refusal {
    /// Problem details, never stored by a cache.
    fn into_response(self) -> Response {
        let status = status(self.code);
        let problem = Problem {
            kind: format!("urn:aerodb:refusal:{}", self.code.id()),
            title: self.code.title().to_owned(),
            status: status.as_u16(),
            detail: self.sentence.clone(),
            refusal: self,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
