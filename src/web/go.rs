//! The list of every place that a reader can go to, for the palette and for browsers without a script.

use super::gate::SignedIn;
use super::query::Query;
use super::{ReadState, pages};
use crate::ui::Page;
use axum::extract::State;
use axum::response::Response;

/// The list, or what is left of it by `q`.
pub(super) async fn go(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> Response {
    let typed = query.optional("q").unwrap_or_default();
    let page = query.finish().map(|()| Page::Go(typed)).map_err(Into::into);
    pages::answer(&site, &viewer, page).await
}
