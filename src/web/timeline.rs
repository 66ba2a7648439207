//! The timeline: what of it is asked for, and its JSON.

use super::ReadState;
use super::gate::SignedIn;
use super::query::Query;
use crate::model::refusal::Refusal;
use crate::model::spec::Catalogue;
use crate::model::timeline::{Timeline, TimelineKey};
use crate::model::timeline_filter::TimelineFilter;
use crate::ui::TimelineView;
use crate::ui::components::list_filter::FilterFields;
use axum::Json;
use axum::extract::State;

/// What somebody asked to see of it.
pub(super) struct TimelineQuery {
    pub(super) filter: TimelineFilter,
    pub(super) before: Option<TimelineKey>,
    pub(super) limit: u32,
}

impl TimelineQuery {
    /// What a page shows of what was told.
    pub(super) fn view(self, told: Timeline) -> TimelineView {
        let Self { filter, limit, .. } = self;
        let older = told.next_before.map(|before| {
            let mut pairs = filter.pairs();
            pairs.extend([("before", before.to_string()), ("limit", limit.to_string())]);
            let pairs = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
            format!("/timeline?{pairs}")
        });
        TimelineView { told, typed: filter.pairs(), older, refusal: None }
    }
}

/// The page of a filter that was refused, with the form as it was filled in.
pub(super) fn refused(typed: FilterFields, why: Refusal) -> TimelineView {
    let told = Timeline { stretches: Vec::new(), next_before: None, gap: None };
    TimelineView { told, typed, older: None, refusal: Some(why) }
}

/// The timeline as JSON.
pub(super) async fn json(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Json<Timeline>, Refusal> {
    let TimelineQuery { filter, before, limit } = asked(site.read.catalogue(), query)?;
    site.read.timeline(&filter, before, limit).await.map(Json)
}

/// What of it is asked for.
pub(super) fn asked(catalogue: Catalogue, mut query: Query) -> Result<TimelineQuery, Refusal> {
    let before = query.optional("before");
    let before = before.map(|text| TimelineKey::parse_field("before", &text)).transpose()?;
    let limit = query.limit()?;
    let filter = TimelineFilter::parse(catalogue, |name| query.optional(name))?;
    query.finish()?;
    Ok(TimelineQuery { filter, before, limit })
}
