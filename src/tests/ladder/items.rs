//! What nodes have several of: shown, judged, carried into a form, and hidden from whom it is not for.

use super::SPEC;
use super::app::LadderApp;
use super::port::Ladder;
use aerodb_control::kernel::ObserveKernel as _;
use aerodb_control::model::canonical::{Hash, canonical_json};
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::pinned::Pinned;
use aerodb_control::model::redact::{REDACTED, Redact as _};

#[tokio::test]
async fn slots_are_a_table_with_bytes_in_binary_units_and_each_leads_to_its_own_form() {
    let app = LadderApp::new().await;
    for path in ["/", "/nodes/n1"] {
        let page = app.page(path).await;
        assert!(page.contains("<caption>Slots</caption>"), "{path}");
        assert!(page.contains("nightly reports"), "{path}");
        assert!(page.contains("40.0 KiB"), "{path}: {page}");
    }
    assert!(!app.page("/nodes/n2").await.contains("<caption>Slots</caption>"));
    let page = app.page("/nodes/n1").await;
    let form = "/actions/new?kind=drop_slot&amp;node=n1&amp;slot=reports";
    assert!(page.contains(form), "{page}");
    // One that is read cannot be dropped: it is shown with the rule, and leads nowhere.
    assert!(!page.contains("slot=to_n2") && page.contains("Nobody reads the slot."), "{page}");
    let form = app.page(&form.replace("&amp;", "&")).await;
    assert!(form.contains("value=\"reports\"") && form.contains("drop_slot"), "{form}");
}

/// A change of form would change the digest of what was confirmed before.
#[tokio::test]
async fn items_are_stored_and_bound_and_a_kernel_without_them_writes_what_it_wrote_before() {
    let state = Ladder::new().observe().await.expect("a state");
    let json = canonical_json(&state);
    let read: ClusterState = serde_json::from_slice(&json).expect("its own form");
    assert_eq!(read, state);
    let pinned = state.pinned(&SPEC, None);
    let bytes = canonical_json(&pinned);
    let read: Pinned = serde_json::from_slice(&bytes).expect("its own form");
    assert_eq!((Hash::of(&canonical_json(&read)), &read), (Hash::of(&bytes), &pinned));
    let bare = state.with_items(Vec::new());
    let text = String::from_utf8(canonical_json(&bare)).expect("text");
    let pinned = String::from_utf8(canonical_json(&bare.pinned(&SPEC, None))).expect("text");
    assert!(!text.contains("items") && !pinned.contains("items"));
}

/// C10.2: the name of a slot was given by a person, and who reads it is sensitive.
#[tokio::test]
async fn a_stakeholder_sees_that_there_are_slots_and_neither_their_names_nor_their_consumers() {
    let state = Ladder::new().observe().await.expect("a state");
    let pinned = state.pinned(&SPEC, None).redacted(&SPEC);
    let state = state.redacted(&SPEC);
    assert_eq!(state.items.len(), 2);
    let text = serde_json::to_string(&(state, pinned)).expect("plain data");
    for hidden in ["reports", "to_n2", "wal receiver"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert!(text.contains(REDACTED) && text.contains("retained_bytes"), "{text}");
}
