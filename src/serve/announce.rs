//! What a server says on standard output when it is ready: where it is served.

use super::ControlPlane;
use crate::model::finding::Mismatch;
use crate::text;
use serde_json::json;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use tracing::error;

/// In which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Announcement {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object on one line.
    Json,
}

/// Says it. A reader that went away hears nothing, and what else goes wrong is said on standard error:
/// neither keeps the server from serving.
pub(super) fn announce(
    form: Announcement,
    house: &ControlPlane,
    console: &str,
    data: Option<SocketAddr>,
    observers: Option<&str>,
) {
    let text = match form {
        Announcement::Text => text(house, console, data, observers),
        Announcement::Json => {
            let setup = house.setup_path.as_ref().map(|path| format!("{console}{path}"));
            let said = json!({
                "console": console,
                "data": data.map(|data| format!("http://{data}")),
                "observers": observers,
                "kernel": house.kernel.describe().start_note,
                "mismatch": house.mismatch.as_ref().map(Mismatch::shown),
                "setup_link": setup,
                "ready": true,
            });
            format!("{said}\n")
        }
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            error!("Serving, and standard output took no word of it: {why}.");
        }
        Ok(()) | Err(_) => {}
    }
}

fn text(
    house: &ControlPlane,
    console: &str,
    data: Option<SocketAddr>,
    observers: Option<&str>,
) -> String {
    let mut lines = format!("console: {console}\n");
    if let Some(data) = data {
        lines.push_str(&format!("data: http://{data}\n"));
    }
    if let Some(observers) = observers {
        lines.push_str(&format!("observers: {observers}\n"));
    }
    lines.push_str(&format!("kernel: {}\n", house.kernel.describe().start_note));
    if let Some(mismatch) = &house.mismatch {
        lines.push_str(text::mismatch(&mismatch.shown()).as_str());
    }
    if let Some(path) = &house.setup_path {
        lines.push_str(&format!("set-up link: {console}{path}\n"));
    }
    lines.push_str("ready: press Ctrl-C to stop\n");
    lines
}
