//! How far the kernel is with an order, said on standard error while its answer is awaited. It reads
//! only, decides nothing, and what it cannot read it does not say.

use super::address::Address;
use super::client::{ApiClient, ClientResponse};
use crate::model::action::ActionId;
use crate::model::answer::ActionAnswer;
use crate::model::progress::Progress;
use crate::text::lines::TextLines;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// An answer that comes within this time needs no word about progress.
const PATIENCE: Duration = Duration::from_secs(2);
/// Shares of a part after which a line is printed.
const LINES_PER_PART: u64 = 10;

/// Says how far the action is, from when its answer is late until it is there: `answered` hangs up
/// then.
pub(super) fn follow(url: &Address, token: Option<String>, id: ActionId, answered: &Receiver<()>) {
    if answered.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let client = ApiClient::new(url, token);
    let mut said = None;
    client.listen("/events", |line| {
        if line.starts_with("data:") {
            let read: Option<ClientResponse<ActionAnswer>> =
                client.get(&format!("/actions/{id}"), &[]).ok();
            if let Some(progress) = read.and_then(|answer| answer.value.under_way) {
                say(&progress, &mut said);
            }
        }
        answered.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty)
    });
}

fn say(progress: &Progress, said: &mut Option<(String, u64)>) {
    let share = progress.done.saturating_mul(LINES_PER_PART) / progress.total.max(1);
    let now = Some((progress.doing.clone(), share));
    if *said != now {
        *said = now;
        let mut lines = TextLines::new();
        lines.line(format!("Under way: {progress}"));
        // A terminal that is gone hears nothing; the order goes on.
        let _ = std::io::stderr().lock().write_all(lines.as_str().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::progress::Unit;

    #[test]
    fn a_line_is_said_for_each_part_and_for_each_tenth_of_it() {
        let mut said = None;
        let mut count = 0;
        for (doing, total) in [("reading", 1000), ("writing", 5), ("nothing", 0)] {
            for done in 0..=total {
                let before = said.clone();
                let action_id = ActionId::from_random([1; 16]);
                let doing = doing.to_owned();
                say(&Progress { action_id, doing, done, total, unit: Unit::Rows }, &mut said);
                count += u32::from(before != said);
            }
        }
        assert_eq!(count, 11 + 6 + 1);
    }
}
