//! What clients did and were told, judged by somebody else's checker.

use crate::kernel::embedded::{CommittedWrite, DataError};
use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};
use std::collections::{BTreeMap, BTreeSet};

type RegisterValue = Option<u64>;
type Tester = LinearizabilityTester<u32, Register<RegisterValue>>;

/// Clients from this number on did one thing and never heard what became of it.
const FIRST_WITHOUT_ANSWER: u32 = 1000;

/// Reads and writes per key.
#[derive(Default)]
pub(super) struct ReadWriteHistory {
    keys: BTreeMap<String, Tester>,
    touched: BTreeSet<String>,
    without_answer: u32,
    values: u64,
    /// The positions that were acknowledged, with their epochs.
    pub(super) acknowledged: BTreeMap<u64, u64>,
}

impl ReadWriteHistory {
    /// A value that nobody has written before.
    pub(super) fn fresh(&mut self) -> u64 {
        self.values += 1;
        self.values
    }

    /// Writes that were sent together, with their answers.
    pub(super) fn wrote(
        &mut self,
        writes: &[(String, RegisterValue, Result<CommittedWrite, DataError>)],
    ) {
        let mut returns = Vec::new();
        for (client, (key, value, answer)) in (0..).zip(writes) {
            let client = match answer {
                Ok(written) => {
                    self.acknowledged.insert(written.position, written.epoch);
                    client
                }
                Err(DataError::Unknown { .. }) => {
                    self.without_answer += 1;
                    FIRST_WITHOUT_ANSWER + self.without_answer
                }
                // It proves that nothing was appended, so there is nothing to remember.
                Err(DataError::Refused { .. }) => continue,
            };
            let tester = self.keys.entry(key.clone());
            let tester = tester.or_insert_with(|| Tester::new(Register(None)));
            tester.on_invoke(client, RegisterOp::Write(*value)).expect("one thing at a time");
            self.touched.insert(key.clone());
            if answer.is_ok() {
                returns.push((key, client));
            }
        }
        for (key, client) in returns {
            let tester = self.keys.get_mut(key).expect("it was invoked");
            tester.on_return(client, RegisterRet::WriteOk).expect("it was invoked");
        }
    }

    /// A read that was answered.
    pub(super) fn read(&mut self, key: &str, found: RegisterValue) {
        let tester = self.keys.entry(key.to_owned());
        let tester = tester.or_insert_with(|| Tester::new(Register(None)));
        tester.on_invoke(0, RegisterOp::Read).expect("one thing at a time");
        tester.on_return(0, RegisterRet::ReadOk(found)).expect("it was invoked");
        self.touched.insert(key.to_owned());
    }

    /// What was read and written is what one register could have given, key by key.
    pub(super) fn invariant_linearizable(&mut self) -> Result<(), String> {
        for key in std::mem::take(&mut self.touched) {
            let tester = self.keys.get(&key).expect("it was touched");
            if !tester.is_consistent() {
                return Err(format!("linearizable: the history of {key} has no order: {tester:?}"));
            }
        }
        Ok(())
    }
}
