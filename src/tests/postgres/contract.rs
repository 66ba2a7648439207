//! The kernel over PostgreSQL under the contract of the port.

use super::kernels::{PgKernel, action};
use super::machine::TestCluster;
use crate::kernel::any_kernel::{Samples, keeps_the_contract};
use crate::kernel::contract::Bench;
use aerodb_control::kernel::CommandKernel;
use aerodb_control::model::action::Action;
use aerodb_control::model::attestation::Request;
use serde_json::json;

impl Bench for PgKernel {
    fn kernel(&self) -> &dyn CommandKernel {
        PgKernel::kernel(self)
    }

    fn restart(&mut self) {
        PgKernel::restart(self);
    }
}

impl Samples for PgKernel {
    fn runs(&self) -> Vec<Request> {
        [
            action("create_restore_point", &json!({"node": "n1", "name": "before"})),
            action("create_slot", &json!({"node": "n1", "slot": "reports"})),
            action("checkpoint", &json!({"node": "n1"})),
            action("pause_replay", &json!({"node": "n2"})),
            action("resume_replay", &json!({"node": "n2"})),
            action("verify_node", &json!({"node": "n3"})),
            action("stop_logins", &json!({"node": "n1"})),
            action("resume_logins", &json!({"node": "n1"})),
        ]
        .into_iter()
        .map(Request::from)
        .collect()
    }

    fn refused(&self) -> Vec<(Action, &'static str)> {
        vec![
            (action("promote", &json!({"node": "n1"})), "is_standby"),
            (action("stop_logins", &json!({"node": "n2"})), "is_primary"),
            (action("resume_logins", &json!({"node": "n1"})), "logins_stopped"),
            (action("end_sessions", &json!({"node": "n1"})), "logins_stopped"),
            (action("resume_replay", &json!({"node": "n2"})), "replay_paused"),
            (action("create_slot", &json!({"node": "n1", "slot": "n2"})), "slot_name_free"),
            (action("drop_slot", &json!({"node": "n1", "slot": "absent"})), "slot_known"),
        ]
    }
}

/// C1.3, C4.2, C11.1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kernel_over_real_servers_keeps_the_contract() {
    keeps_the_contract(PgKernel::over(TestCluster::new(), |_| {}).await).await;
}
