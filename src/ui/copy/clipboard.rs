//! The clipboard of the browser. It is written when somebody presses a button, and never read.

use crate::ui::copy::Copied;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::window;

/// Writes, and says whether that worked. A browser may have no clipboard for pages at all, as over a
/// connection that is not trusted, or may refuse.
pub(super) fn write(of: &Copied, done: impl Fn(bool) + 'static) {
    let Some(window) = window() else {
        done(false);
        return;
    };
    let text = match of {
        Copied::Text(text) => text.clone(),
        Copied::Address(path) => {
            let Ok(origin) = window.location().origin() else {
                done(false);
                return;
            };
            format!("{origin}{path}")
        }
    };
    let clipboard = window.navigator().clipboard();
    if clipboard.is_undefined() {
        done(false);
        return;
    }
    let written = JsFuture::from(clipboard.write_text(&text));
    spawn_local(async move { done(written.await.is_ok()) });
}
