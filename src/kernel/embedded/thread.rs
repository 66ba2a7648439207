//! The thread that owns the kernel, and the channel to it.
//!
//! It waits for a request, reads the clock once, serves the request to its end, and answers. Writes
//! that wait together become one batch. Only an order that takes long gets a thread beside it, and
//! ends in this one. Nothing else ever happens in it (C2.3).

use super::cluster::Cluster;
use super::data::{CommittedWrite, DataError, WRITES_PER_BATCH_MAX, Write};
use super::job::{Job, JobResult, ProgressReporter, Started};
use super::orders::{refusal, unknown};
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::memory::MemoryPage;
use crate::kernel::{ApplyError, Order, Resolution, ResolveError, Unobservable};
use crate::model::action::ActionId;
use crate::model::ambient::{Clock, Timestamp};
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::facts::Since;
use crate::model::receipt::Receipt;
use crate::model::text::NodeId;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot, watch};

/// Requests that may wait; more of them wait at the door.
const REQUESTS_MAX: usize = 1024;

type ReplySender<T> = oneshot::Sender<T>;

/// What the thread can be asked.
pub(super) enum KernelRequest {
    Observe(ReplySender<Result<ClusterState, Unobservable>>),
    Events(Option<EventPlace>, u32, ReplySender<Result<EventPage, Unobservable>>),
    Memory(Option<ActionId>, u32, ReplySender<Result<MemoryPage, Unobservable>>),
    Receipt(ActionId, ReplySender<Result<ReceiptStatus, Unobservable>>),
    Apply(Box<Order>, ReplySender<Result<Receipt, ApplyError>>),
    Resolve(ActionId, ReplySender<Result<Resolution, ResolveError>>),
    Write(Write, ReplySender<Result<CommittedWrite, DataError>>),
    Read(String, ReplySender<Result<Option<Vec<u8>>, DataError>>),
    Partition(NodeId, ReplySender<()>),
    Heal(NodeId, ReplySender<()>),
    /// The work on an order that takes long has come to its end.
    Ended,
}

/// No answer came, because the kernel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KernelGone {
    /// Before the request arrived: nothing was done.
    BeforeArrival(Timestamp),
    /// While the request was being served.
    Underway,
}

impl KernelGone {
    pub(super) fn before_arrival(self) -> bool {
        matches!(self, Self::BeforeArrival(_))
    }

    pub(super) fn why(self) -> String {
        match self {
            Self::BeforeArrival(_) => "The kernel has ended; nothing was done.",
            Self::Underway => "The kernel ended while it served the request.",
        }
        .to_owned()
    }

    pub(super) fn into_data(self) -> DataError {
        match self {
            Self::BeforeArrival(since) => {
                let refused = Since { since, why: self.why() };
                DataError::Refused { error: "kernel_stopped", refused }
            }
            Self::Underway => DataError::Unknown { why: self.why() },
        }
    }
}

/// The running thread. Dropping it ends the thread after the request that is being served, and
/// after the work on an order that takes long.
pub(super) struct Shell {
    clock: Arc<dyn Clock>,
    requests: Option<mpsc::Sender<KernelRequest>>,
    thread: Option<JoinHandle<()>>,
    /// In a simulation there is no thread: whoever asks serves the request itself.
    #[cfg(test)]
    here: Option<std::sync::Mutex<ThreadState>>,
}

impl Shell {
    /// Starts the thread on this kernel.
    pub(super) fn start(
        cluster: Cluster,
        clock: Arc<dyn Clock>,
    ) -> io::Result<(Self, watch::Receiver<u64>)> {
        let (requests, incoming) = mpsc::channel(REQUESTS_MAX);
        let (announce, changes) = watch::channel(0);
        // Held weakly: the thread ends when nobody else can ask any more.
        let door = Some(requests.downgrade());
        let clock_of_thread = Arc::clone(&clock);
        let served = ThreadState {
            cluster,
            announce,
            clock: clock_of_thread,
            door,
            working: None,
            copying: None,
        };
        let thread = std::thread::Builder::new()
            .name("kernel".to_owned())
            .spawn(move || serve(served, incoming))?;
        let shell = Self {
            clock,
            requests: Some(requests),
            thread: Some(thread),
            #[cfg(test)]
            here: None,
        };
        Ok((shell, changes))
    }

    /// A shell without a thread.
    #[cfg(test)]
    pub(super) fn here(cluster: Cluster, clock: Arc<dyn Clock>) -> (Self, watch::Receiver<u64>) {
        let (announce, changes) = watch::channel(0);
        let clock_here = Arc::clone(&clock);
        let served = ThreadState {
            cluster,
            announce,
            clock: clock_here,
            door: None,
            working: None,
            copying: None,
        };
        let here = Some(std::sync::Mutex::new(served));
        (Self { clock, requests: None, thread: None, here }, changes)
    }

    /// Looks at the kernel of a shell without a thread, between two requests.
    #[cfg(test)]
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Cluster) -> T) -> T {
        let served = self.here.as_ref().expect("a shell without a thread");
        look(&mut served.lock().expect("nobody panicked in it").cluster)
    }

    /// Asks the thread, and waits for its answer.
    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(ReplySender<T>) -> KernelRequest,
    ) -> Result<T, KernelGone> {
        let (reply, answer) = oneshot::channel();
        #[cfg(test)]
        if let Some(served) = &self.here {
            served.lock().expect("nobody panicked in it").serve(request(reply));
            return answer.await.map_err(|_| KernelGone::Underway);
        }
        let before = || KernelGone::BeforeArrival(self.clock.now());
        let requests = self.requests.as_ref().ok_or_else(before)?;
        requests.send(request(reply)).await.map_err(|_| before())?;
        answer.await.map_err(|_| KernelGone::Underway)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The thread ends when nobody can ask any more.
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too, and has said so.
            let _ = thread.join();
        }
    }
}

struct ThreadState {
    cluster: Cluster,
    announce: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    /// Where the end of a long work is announced; without a thread there is none, and it is waited for.
    door: Option<mpsc::WeakSender<KernelRequest>>,
    working: Option<Working>,
    copying: Option<Copying>,
}

/// The work on an order that takes long, in a thread of its own.
struct Working {
    action_id: ActionId,
    action: Action,
    thread: JoinHandle<JobResult>,
    reply: ReplySender<JobResult>,
}

/// An order that was executed, and whose node is being brought up to date.
struct Copying {
    action_id: ActionId,
    action: Action,
    receipt: Receipt,
    reply: ReplySender<JobResult>,
}

fn serve(mut served: ThreadState, mut incoming: mpsc::Receiver<KernelRequest>) {
    let mut next = served.next(&mut incoming);
    while let Some(request) = next {
        let other = match request {
            KernelRequest::Write(write, reply) => served.write(write, reply, &mut incoming),
            other => {
                served.serve(other);
                None
            }
        };
        // Also where requests never end, the node comes nearer.
        served.copy_on();
        next = other.or_else(|| served.next(&mut incoming));
    }
    served.copied();
    served.ended();
}

impl ThreadState {
    /// The next request. Until there is one, a node that is behind is brought nearer.
    fn next(&mut self, incoming: &mut mpsc::Receiver<KernelRequest>) -> Option<KernelRequest> {
        while self.copying.is_some() {
            match incoming.try_recv() {
                Ok(request) => return Some(request),
                Err(TryRecvError::Empty) => self.copy_on(),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        incoming.blocking_recv()
    }

    /// Brings the node that is behind a slice nearer; ends the order when there is no more to do.
    fn copy_on(&mut self) {
        if self.copying.is_some() && !self.cluster.copy_on(self.clock.now()) {
            self.copied();
        }
    }

    /// Ends the order whose node was brought up to date, or is now.
    fn copied(&mut self) {
        let Some(Copying { action_id, action, receipt, reply }) = self.copying.take() else {
            return;
        };
        self.end(action_id, &action, Ok(receipt), reply);
    }

    fn serve(&mut self, request: KernelRequest) {
        let now = self.clock.now();
        // Nobody may wait for an answer any more; what was done stays done.
        match request {
            KernelRequest::Observe(reply) => drop(reply.send(self.cluster.observe(now))),
            KernelRequest::Events(before, limit, reply) => {
                drop(reply.send(self.cluster.events(before, limit as usize)));
            }
            KernelRequest::Memory(after, limit, reply) => {
                drop(reply.send(self.cluster.memory(after, limit)));
            }
            KernelRequest::Receipt(id, reply) => drop(reply.send(self.cluster.receipt(id))),
            KernelRequest::Read(key, reply) => drop(reply.send(self.cluster.read(&key))),
            KernelRequest::Apply(order, reply) => {
                let meter = ProgressReporter::new(order.action_id(), Some(self.announce.clone()));
                match self.noting(now, |cluster| cluster.begin(&order, meter, now)) {
                    Started::Ended(ending) => drop(reply.send(ending)),
                    Started::Long(work) => self.work(order.action_id(), work, reply),
                    Started::Copying(action, receipt) => {
                        let action_id = order.action_id();
                        self.copying = Some(Copying { action_id, action, receipt, reply });
                        if self.door.is_none() {
                            self.copied();
                        }
                    }
                }
            }
            KernelRequest::Ended => self.ended(),
            KernelRequest::Resolve(id, reply) => {
                let answer = self.noting(now, |cluster| cluster.resolve(id, now));
                drop(reply.send(answer));
            }
            KernelRequest::Partition(id, reply) => {
                self.noting(now, |cluster| {
                    if let Some(number) = cluster.number(&id) {
                        cluster.partition(number, now);
                    }
                });
                let _ = reply.send(());
            }
            KernelRequest::Heal(id, reply) => {
                self.noting(now, |cluster| {
                    if let Some(number) = cluster.number(&id) {
                        cluster.heal(number, now);
                    }
                });
                let _ = reply.send(());
            }
            KernelRequest::Write(write, reply) => {
                let answer = self.cluster.write(vec![write], now).pop();
                drop(answer.map(|answer| reply.send(answer)));
            }
        }
    }

    /// Starts the work on an order that takes long. The thread says when it is done; what it did is
    /// recorded here, as all else.
    fn work(&mut self, action_id: ActionId, work: Job, reply: ReplySender<JobResult>) {
        let action = work.action.clone();
        let Some(door) = self.door.clone() else {
            let ending = work.run();
            return self.end(action_id, &action, ending, reply);
        };
        let started = std::thread::Builder::new().name("kernel work".to_owned()).spawn(move || {
            let ending = work.run();
            if let Some(door) = door.upgrade() {
                // A kernel that ends waits for this thread without being told.
                let _ = door.blocking_send(KernelRequest::Ended);
            }
            ending
        });
        match started {
            Ok(thread) => self.working = Some(Working { action_id, action, thread, reply }),
            Err(error) => {
                let sentence = format!("The kernel refuses: it cannot start a thread: {error}.");
                let refused = Err(refusal("not_started", sentence, &[]).into());
                self.end(action_id, &action, refused, reply);
            }
        }
    }

    /// Ends the order whose work has come to its end, or comes to it now.
    fn ended(&mut self) {
        let Some(Working { action_id, action, thread, reply }) = self.working.take() else {
            return;
        };
        let ending = thread.join().unwrap_or_else(|_| {
            Err(unknown("The work failed, and it is not known how far it came. Settle it."))
        });
        self.end(action_id, &action, ending, reply);
    }

    fn end(
        &mut self,
        id: ActionId,
        action: &Action,
        ending: JobResult,
        reply: ReplySender<JobResult>,
    ) {
        let now = self.clock.now();
        drop(reply.send(self.noting(now, |cluster| cluster.end(id, action, ending, now))));
    }

    /// Serves a write together with those that wait behind it. Gives the first other request.
    fn write(
        &mut self,
        write: Write,
        reply: ReplySender<Result<CommittedWrite, DataError>>,
        incoming: &mut mpsc::Receiver<KernelRequest>,
    ) -> Option<KernelRequest> {
        let now = self.clock.now();
        let (mut writes, mut replies, mut other) = (vec![write], vec![reply], None);
        while writes.len() < WRITES_PER_BATCH_MAX && other.is_none() {
            match incoming.try_recv() {
                Ok(KernelRequest::Write(write, reply)) => {
                    writes.push(write);
                    replies.push(reply);
                }
                Ok(request) => other = Some(request),
                Err(_) => break,
            }
        }
        let answers = self.cluster.write(writes, now);
        if answers.iter().any(|answer| !matches!(answer, Err(DataError::Refused { .. }))) {
            self.announce.send_modify(|number| *number += 1);
        }
        for (reply, answer) in replies.into_iter().zip(answers) {
            drop(reply.send(answer));
        }
        other
    }

    /// Runs a command and tells whoever listens if anything observable moved by it.
    fn noting<T>(&mut self, now: Timestamp, command: impl FnOnce(&mut Cluster) -> T) -> T {
        let before = self.cluster.observe(now);
        let answer = command(&mut self.cluster);
        if self.cluster.observe(now) != before {
            self.announce.send_modify(|number| *number += 1);
        }
        answer
    }
}
