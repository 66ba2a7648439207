//! Files that hold everything that matches: written part by part while they are sent, so that neither the
//! log nor a window is ever in memory as a whole.
//!
//! The parts are read on a thread of their own, and no faster than the other side takes them. Where the
//! other side goes away, the reading ends with the next part.

use super::ReadState;
use crate::model::ambient::Timestamp;
use crate::model::refusal::{Refusal, RefusalCode};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// Files that are written at the same time; each holds a thread and one page.
pub(super) const FILES_AT_ONCE: usize = 8;
/// Parts that wait to be sent.
const PARTS_WAITING: usize = 2;

/// The files that may be written now.
#[derive(Clone)]
pub(super) struct DownloadSlots(Arc<Semaphore>);

impl Default for DownloadSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(FILES_AT_ONCE)))
    }
}

/// How much of a list or a window a file was asked to hold. Whether it does is said by its last line alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DownloadExtent {
    /// Everything of its time.
    Whole,
    /// What a filter leaves of that.
    Filtered,
    /// One page.
    Part,
}

impl DownloadExtent {
    fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Filtered => "filtered",
            Self::Part => "part",
        }
    }
}

/// A file that is kept: what it is called, and of what kind it is.
pub(super) struct DownloadName<'a> {
    /// What is in it, such as `log`.
    pub(super) what: &'a str,
    /// From when to when, where it is bounded.
    pub(super) window: (Option<Timestamp>, Option<Timestamp>),
    /// How much of it was asked for.
    pub(super) extent: DownloadExtent,
    /// The file name extension, without its dot.
    pub(super) ending: &'static str,
    /// The media type of the download.
    pub(super) media: &'static str,
}

impl DownloadName<'_> {
    /// The headers: a name that tells files of different clusters, windows and extents apart.
    pub(super) fn headers(&self, site: &ReadState) -> [(header::HeaderName, String); 2] {
        let mut name =
            format!("{}-{}-{}", site.identity.environment, site.identity.cluster, self.what);
        for (word, at) in [("from", self.window.0), ("to", self.window.1)] {
            if let Some(at) = at {
                name.push_str(&format!("-{word}-{}", stamp(at)));
            }
        }
        let extent = self.extent.word();
        let disposition = format!("attachment; filename=\"{name}-{extent}.{}\"", self.ending);
        [(header::CONTENT_TYPE, self.media.to_owned()), (header::CONTENT_DISPOSITION, disposition)]
    }
}

/// A time as it can stand in the name of a file everywhere.
fn stamp(at: Timestamp) -> String {
    at.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Sends parts as one file. After a part that is an error the connection is broken off, so that nobody
/// takes the file for whole: its last line says why, where it arrived.
pub(super) fn sent(
    site: &ReadState,
    named: &DownloadName<'_>,
    parts: impl Iterator<Item = Result<String, Refusal>> + Send + 'static,
) -> Result<Response, Refusal> {
    Ok((named.headers(site), streamed(site, parts)?).into_response())
}

/// The same parts as the body of an answer that is no file.
pub(super) fn streamed(
    site: &ReadState,
    parts: impl Iterator<Item = Result<String, Refusal>> + Send + 'static,
) -> Result<Body, Refusal> {
    let place = Arc::clone(&site.files.0).try_acquire_owned().map_err(|_| {
        let sentence = format!(
            "{FILES_AT_ONCE} files are being written already, which is as many as may be. Nothing was \
             written; ask again when one is done."
        );
        Refusal::new(RefusalCode::TooManyStreams, sentence)
    })?;
    let (send, receive) = mpsc::channel::<Result<String, Refusal>>(PARTS_WAITING);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        for part in parts {
            // Whoever asked is gone.
            if send.blocking_send(part).is_err() {
                return;
            }
        }
    });
    Ok(Body::from_stream(ReceiverStream::new(receive)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_name_has_no_character_that_a_file_system_refuses() {
        assert_eq!(stamp(Timestamp::from_millis(1_769_852_700_000)), "20260131T094500000Z");
    }
}
