//! The data API: what clients of the database reach, on a listener of its own.
//!
//! It is no part of the control plane: it holds no order and no observation. A write is
//! acknowledged when a majority holds it, and a refusal says since when and why (C2.6).

use super::{CommittedWrite, DataError, EmbeddedKernel, Write};
use crate::model::ambient::Timestamp;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Serialize;
use std::sync::Arc;

/// Longest key, in characters; it has to fit an address and a log line.
pub const KEY_CHARS_MAX: usize = 256;
/// Longest value, in bytes; the log is no object store.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

const WELCOME: &str = "AeroDB data API: PUT, GET and DELETE /kv/{key}. A write is acknowledged \
     when a majority of the nodes holds it.\n";

/// The routes of the data API on this kernel.
pub fn router(kernel: Arc<EmbeddedKernel>) -> Router {
    Router::new()
        .route("/", get(|| async { WELCOME }))
        .route("/kv/{key}", get(read).put(put).delete(delete))
        .layer(DefaultBodyLimit::max(VALUE_BYTES_MAX))
        .with_state(kernel)
}

#[derive(Serialize)]
struct Acknowledged {
    key: String,
    epoch: u64,
    position: u64,
}

#[derive(Serialize)]
struct Refused {
    error: &'static str,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

fn refused(status: StatusCode, error: &'static str, sentence: impl Into<String>) -> Response {
    let body = Refused { error, sentence: sentence.into(), since: None, outcome: None };
    (status, Json(body)).into_response()
}

impl IntoResponse for DataError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused { error, refused } => {
                let sentence = format!("Not served since {}: {}.", refused.since, refused.why);
                let body = Refused { error, sentence, since: Some(refused.since), outcome: None };
                (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
            }
            Self::Unknown { why } => {
                let body = Refused {
                    error: "outcome_unknown",
                    sentence: format!("It may have been done or not: {why}."),
                    since: None,
                    outcome: Some("unknown"),
                };
                (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
            }
        }
    }
}

type Key = Result<Path<String>, PathRejection>;

fn parse_key(key: Key) -> Result<String, Box<Response>> {
    let visible = |key: &String| {
        (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
    };
    key.ok().map(|Path(key)| key).filter(visible).ok_or_else(|| {
        let sentence = format!("A key is 1 to {KEY_CHARS_MAX} visible ASCII characters.");
        Box::new(refused(StatusCode::BAD_REQUEST, "bad_key", sentence))
    })
}

async fn put(
    State(kernel): State<Arc<EmbeddedKernel>>,
    key: Key,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let key = match parse_key(key) {
        Ok(key) => key,
        Err(response) => return *response,
    };
    let value = match body {
        Ok(value) => value.to_vec(),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let sentence = format!("A value has at most {VALUE_BYTES_MAX} bytes.");
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "value_too_large", sentence);
        }
        Err(_) => {
            let sentence = "The value could not be read to its end.";
            return refused(StatusCode::BAD_REQUEST, "bad_value", sentence);
        }
    };
    acknowledged(key.clone(), kernel.write(Write::Put { key, value }).await)
}

async fn delete(State(kernel): State<Arc<EmbeddedKernel>>, key: Key) -> Response {
    match parse_key(key) {
        Ok(key) => acknowledged(key.clone(), kernel.write(Write::Delete { key }).await),
        Err(response) => *response,
    }
}

fn acknowledged(key: String, written: Result<CommittedWrite, DataError>) -> Response {
    match written {
        Ok(CommittedWrite { epoch, position }) => {
            Json(Acknowledged { key, epoch, position }).into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn read(State(kernel): State<Arc<EmbeddedKernel>>, key: Key) -> Response {
    let key = match parse_key(key) {
        Ok(key) => key,
        Err(response) => return *response,
    };
    match kernel.read(&key).await {
        Ok(Some(value)) => {
            // Bytes of a client: never to be taken for a page.
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, value).into_response()
        }
        Ok(None) => refused(StatusCode::NOT_FOUND, "no_such_key", "No value is stored here."),
        Err(error) => error.into_response(),
    }
}
