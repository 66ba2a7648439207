//! Tags on answers that follow from state alone: whoever has the answer asks whether it still holds.
//!
//! The tag is the SHA-256 of the bytes, so equal tags are equal answers. What carries a time of its
//! own, such as an observation, has no tag: it would never be the same twice.

use crate::model::canonical::Hash;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Puts the tag on an answer, or answers 304 where the request has the answer already.
pub(super) async fn tagged(request: Request, next: Next) -> Response {
    let is_get = *request.method() == Method::GET;
    let held = request.headers().clone();
    let response = next.run(request).await;
    if !is_get || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It is ours and in memory already: its size was bounded where it was made.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("\"{}\"", Hash::of(&bytes));
    let is_held = holds(&held, &tag);
    parts.headers.insert(header::ETAG, HeaderValue::from_str(&tag).expect("digits in quotes"));
    if is_held {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Whether one of the tags of `If-None-Match` is this one (RFC 9110, 13.1.2: compared weakly).
fn holds(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|held| {
        let held = held.trim();
        held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag
    })
}
