//! What a contract proves, and what it does not.

use super::*;

#[test]
fn a_contract_proves_it_once_so_many_are_detached_that_nothing_can_be_acknowledged() {
    let state = detached("ANY 1 (n2, n3)");
    let found = promoted(&state, &[OUT, NO_LOCAL]);
    assert_eq!(Verdict::of(&found.checks), Pass, "{found:#?}");
    assert!(said(&found, KEPT).contains("2 of 2 are detached, 2 are needed"));
    for attested in [vec![], vec![OUT], vec![NO_LOCAL]] {
        assert_eq!(proven(&state, &attested), [Pass, Unknown], "{attested:?}");
    }
}

/// Section 3: one member that is not detached can still acknowledge.
#[test]
fn a_member_that_is_not_detached_or_not_read_is_not_counted() {
    let whole = || detached("FIRST 1 (n2, n3)");
    // What was pasted proves nothing, so the contract alone can.
    let killed = control_data("in production", "0/5000028");
    let attested = [OUT, NO_LOCAL, ("control_data", killed.as_str())];
    assert_eq!(proven(&whole(), &attested), [Pass, Pass]);
    for (fact, value) in [
        (key::RECEIVER, Value::from("streaming")),
        (key::UPSTREAM, "n1".into()),
        (key::UPSTREAM_WRITTEN, "n1".into()),
        (key::CONTRACT_NUMBER, 5.into()),
        (key::CONTRACT_NUMBER, Value::None),
        (key::TIMELINE, 2.into()),
    ] {
        let state = whole().node("n3", fact, value);
        assert_eq!(proven(&state, &attested)[0], Fail, "{fact}");
        let unread = whole().unread("n3", fact);
        assert_eq!(proven(&unread, &attested)[0], Unknown, "{fact}");
    }
    // Positions are equal, and one of the two is not read: it may hold what the other lacks.
    assert_eq!(proven(&whole().lost("n3"), &attested)[0], Unknown);
    // Where a commit waits for both, one is enough.
    assert_eq!(proven(&detached("ANY 2 (n2, n3)").lost("n3"), &attested), [Pass, Pass]);
    // A rule that nobody can meet, or that names whoever connects, covers nothing.
    for rule in ["FIRST 5 (n2, n3)", "ANY 1 (*)", "ANY 1 (n2, n9)"] {
        assert_ne!(proven(&detached(rule), &attested)[0], Pass, "{rule}");
    }
}

#[test]
fn a_contract_that_ended_moved_on_or_is_of_an_earlier_timeline_is_none() {
    let whole = || detached("ANY 2 (n2, n3)");
    // What was pasted proves nothing, so the contract alone can.
    let killed = control_data("in production", "0/5000028");
    let attested = [OUT, NO_LOCAL, ("control_data", killed.as_str())];
    let ended = whole().node("n2", key::NODE_CONTRACT, Value::None);
    assert_eq!(proven(&ended, &attested)[0], Fail);
    // The end of it is on one standby only: who knows it is believed.
    let ended = whole().node("n3", key::NODE_CONTRACT, Value::None);
    assert_eq!(proven(&ended, &attested)[0], Fail);
    // Its end was sent, and neither standby that answers ever heard of it.
    let sent = whole().says(key::CONTRACT_ENDED, 4.into());
    assert_eq!(proven(&sent, &attested)[0], Fail);
    assert!(said(&promoted(&sent, &attested), KEPT).contains("contract 4 has ended"));
    let earlier = whole().says(key::CONTRACT_ENDED, 3.into());
    assert_eq!(proven(&earlier, &attested), [Pass, Pass], "an earlier one is nothing to this one");
    let unread = whole().cannot_say(key::CONTRACT_ENDED);
    assert_eq!(proven(&unread, &attested)[0], Unknown);
    let newer = whole().node("n3", key::CONTRACT_NUMBER, 5.into());
    assert_eq!(proven(&newer, &attested)[0], Fail);
    let unread = whole().unread("n2", key::NODE_CONTRACT);
    assert_eq!(proven(&unread, &attested)[0], Unknown);
    let earlier = whole().node("n2", key::CONTRACT_TIMELINE, 3.into());
    assert_eq!(proven(&earlier, &attested)[0], Fail);
    let unnamed = ["n2", "n3"].into_iter().fold(whole(), |state, node| {
        let state = state.node(node, key::TIMELINE, 2.into());
        let state = state.node(node, key::FLUSHED, on(2, END));
        state.node(node, key::REPLAYED, on(2, END))
    });
    assert_eq!(proven(&unnamed, &attested)[0], Fail, "from before the promotion");
}

#[test]
fn a_target_behind_a_detached_standby_is_not_promoted() {
    let state = detached("ANY 1 (n2, n3)").node("n3", key::FLUSHED, at(END + 8));
    let killed = control_data("in production", "0/5000028");
    let attested = [OUT, NO_LOCAL, ("control_data", killed.as_str())];
    let found = promoted(&state, &attested);
    assert_eq!([verdict(&found, KEPT), verdict(&found, "none_further")], [Fail, Fail]);
    let unread = detached("ANY 1 (n2, n3)").unread("n3", key::FLUSHED);
    let found = promoted(&unread, &attested);
    assert_eq!([verdict(&found, KEPT), verdict(&found, "none_further")], [Unknown, Unknown]);
}
