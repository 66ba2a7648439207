//! What stays possible beside an action whose outcome is not known.

use super::*;
use crate::model::action::{ActionId, ActionKind};
use crate::model::ambient::Timestamp;
use crate::model::cluster::Observation;
use crate::model::facts::{Fact, FactKey, Facts, Value};
use crate::model::pinned::ClusterIdentity;
use crate::model::spec::PRIMARY;
use crate::model::spec::tried::TRIED;
use crate::model::text::PlaceName;

fn state(primary: Fact<Value>) -> ClusterState {
    let place = |name| PlaceName::parse(name).expect("a name");
    let observation = Observation {
        id: String::new(),
        observed_at: Timestamp::from_millis(1),
        clock: "the clock of this test".to_owned(),
        source: "this test".to_owned(),
    };
    let identity = ClusterIdentity {
        cluster: place("shop"),
        environment: place("test"),
        kernel: "tried".to_owned(),
        id: "1".to_owned(),
    };
    let mut facts = Facts::default();
    facts.set(FactKey::new(PRIMARY), primary);
    ClusterState::new(observation, identity, facts, Vec::new())
}

/// Whether a switchover is the way out beside an action of this kind.
fn leads(way_out: WayOut, primary: Fact<Value>, in_doubt: &'static str) -> bool {
    let [first, second] = TRIED.actions else { panic!("two actions") };
    let actions: &'static [ActionSpec] = Vec::leak(vec![ActionSpec { way_out, ..*first }, *second]);
    let spec: &'static KernelSpec = Box::leak(Box::new(KernelSpec { actions, ..TRIED }));
    let silent = |_: &Request| panic!("nothing is asked of the kernel");
    let rules = Rules { spec, checks: &silent };
    let open = InDoubt { action_id: ActionId::from_bytes([7; 16]), kind: ActionKind::of(in_doubt) };
    let check = nothing_in_doubt(&state(primary), &rules, actions.first(), Some(&open));
    check.verdict == Verdict::Pass
}

/// C7.3: nothing that is possible beside it can make a second primary.
#[test]
fn the_way_out_is_none_beside_an_action_that_may_have_made_a_primary() {
    let unknown = || Fact::unknown(Timestamp::from_millis(1), "it does not answer");
    let nobody = || Fact::Known(Value::None);
    let way = WayOut::UnlessPrimaryInDoubt;
    for primary in [unknown(), nobody()] {
        assert!(!leads(way, primary.clone(), "switchover"));
        assert!(!leads(way, primary.clone(), "of_no_kernel"));
        assert!(leads(way, primary, "verify_node"));
    }
    assert!(!leads(way, Fact::Known("n1".into()), "verify_node"));
}

#[test]
fn an_action_that_runs_once_whatever_is_in_doubt_leads_out_only_while_nobody_is_primary() {
    for (primary, leads_out) in [
        (Fact::Known(Value::None), true),
        (Fact::unknown(Timestamp::from_millis(1), "cut off"), false),
        (Fact::Known("n1".into()), false),
    ] {
        assert_eq!(leads(WayOut::Always, primary.clone(), "switchover"), leads_out);
        assert!(!leads(WayOut::Never, primary, "verify_node"));
    }
}
