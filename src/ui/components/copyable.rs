//! What a person may want to take elsewhere, with a button that copies exactly what is shown.

use crate::ui::components::words::escaped;
use crate::ui::copy::{Copied, CopyButton};
use leptos::prelude::*;

/// Something that is shown, with a button that copies `text`. `what` says what is copied, as in
/// `the digest`. A secret that is shown once is shown with this, too.
#[must_use]
pub fn copyable(shown: AnyView, text: String, what: &str) -> AnyView {
    let of = Copied::Text(text);
    view! {
        <div class="copyable">
            <div>{shown}</div>
            <CopyButton what=what.to_owned() of=of/>
        </div>
    }
    .into_any()
}

/// A name that a machine made, such as a digest or an id.
#[must_use]
pub fn code(text: &str, what: &str) -> AnyView {
    let text = escaped(text);
    copyable(view! { <code>{text.clone()}</code> }.into_any(), text, what)
}

/// A command line to run elsewhere.
#[must_use]
pub fn command(line: &str) -> AnyView {
    copyable(crate::ui::components::words::command(line), escaped(line), "the command")
}

/// The address under which this page can be found again, on this console.
#[must_use]
pub fn address(path: &str) -> AnyView {
    let of = Copied::Address(path.to_owned());
    view! {
        <div class="copyable">
            <small>"Address of this page: " <code>{path.to_owned()}</code></small>
            <CopyButton what="the address".to_owned() of=of/>
        </div>
    }
    .into_any()
}
