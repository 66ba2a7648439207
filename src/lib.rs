//! # The AeroDB control plane
//!
//! People operate a replicated database through this program. They see the cluster in one
//! observation, ask for one action, read an explanation of it, confirm that very explanation, and
//! see what came of it; everything is in a log that can only grow. The program never acts by itself.
//!
//! ## One crate, two halves
//!
//! The feature `ssr` builds the server and the command line, the feature `hydrate` the browser's
//! half. Both share [`model`], the words, and the islands of [`ui`]. A page is drawn on the server from
//! values and is complete as it arrives, and nothing is drawn anywhere else: where a part of an open page
//! follows the cluster, the server draws that part again, and the browser's half puts it in place whole.
//! On the other pages it says that something changed.
//!
//! ## The rooms
//!
//! A room is `src/NAME.rs`, its door, and `src/NAME/*.rs`. The door says what the room is for and
//! what it never does. After each: what it may import from us; `src/tests/source/layers.rs` holds this
//! list against the code.
//!
//! | room | what it is | imports |
//! |---|---|---|
//! | [`model`] | shared words, pure values, canonical bytes | nothing |
//! | `explain` | a state and a request become an explanation; pure | model |
//! | `kernel` | the port to the correctness core, and behind it the embedded core and PostgreSQL | model, files |
//! | `files` | one rule for every file that matters: locks, seals, permissions, room | nothing |
//! | `store` | one SQLite file: one writer, read-only readers, fail closed | crash, metrics, files |
//! | [`ledger`] | records, hash chain, verification | model, store, files |
//! | `http_client` | how others are asked over HTTP, and the files that say whom to believe | nothing |
//! | `identity` | who somebody is by the word of a provider or a proxy | model, `http_client` |
//! | `authority` | who is asking, as values that nobody can forge | model, store, identity |
//! | `observe` | all that can be read | model, explain, kernel, ledger, metrics |
//! | `cross_check` | log, kernel and access rights held against each other; reads only | model, kernel, store, ledger, authority, crash |
//! | `workflow` | the one way to act, and who may sign in | all above |
//! | [`ui`] | pages and components, drawn from values | model, the pure half of ledger |
//! | `text` | answers and reports as plain text, every line inert | model |
//! | `web` | routes, the gate, forms and JSON, refusals as HTTP | model, identity, authority, observe, workflow, ui, text, metrics |
//! | `serve` | puts the parts together; alone names a concrete kernel | all |
//! | `cli` | the command line: one more client, and the commands on a data directory | all |
//! | `metrics` | how long things took, for those who watch | nothing |
//! | `crash` | where a test ends the process, and faults that it must find | nothing |
//!
//! ## One action
//!
//! ```text
//! GET  /actions/new?kind=switchover&to=n2    a form with a fresh action id
//! POST /actions                              observe, explain, record: requested + explained | rejected
//! GET  /actions/{id}                         the explanation, its digest, the form that confirms it
//! POST /actions/{id}/confirm                 under one lock: observe and explain again, compare digests
//!                                            record confirmed, let the kernel open a session,
//!                                            record dispatched, then call the kernel, once
//!                                            record executed | refused | unknown
//! GET  /actions/{id}                         the outcome beside the prediction
//! ```
//!
//! `workflow::confirm` is the only place that calls the kernel. The order of its records is the
//! promise: what is durable before the call says, after any stop, whether the kernel may have been
//! reached. `confirmed` without `dispatched` was provably never sent. `dispatched` without an end is
//! unknown until an operator resolves it: the kernel then returns its receipt, or makes the id void
//! for ever. Only where it can tell neither does an operator say what was found.
//!
//! ## What the rooms do not know
//!
//! - No room but `serve` knows which kernel there is; no room but `workflow` can command it. What its
//!   actions, rules and events are called and mean is in its `model::spec::KernelSpec`, which the port
//!   hands out. `cli` knows those that are compiled in, and asks a server for any other.
//! - `model`, `explain` and the hash chain have no clock, randomness, I/O or unordered map. Time, ids
//!   and secrets come in as arguments, so equal inputs give equal bytes.
//! - No record of an act is made on authority that was looked at before: who acts is looked at again in
//!   the transaction that appends it, and `workflow::record` alone names a person in a record. What came
//!   of an order that was sent is recorded whatever became of whoever confirmed it.
//! - Pages run on a state without a kernel handle or a writer. Asking for an `Operator` there does
//!   not compile, and neither does making one anywhere but in `authority`.
//! - Nothing that acts contains a loop, a timer, a retry or a task of its own. The one task that is
//!   started lets a confirmed action outlive the client that sent it.
//! - There is no table of actions. An action is the fold of its records.
//! - A fact that was not read is unknown, a value of its own. Unknown rejects.
//! - There are no server functions: routes are the two tables in `web::policy`, and what is not in
//!   them does not exist.
//!
//! ## Where a change goes
//!
//! A new action, rule or event of a kernel: `kernel/embedded/spec` or `kernel/postgres/spec`, and the compiler
//! leads to its checks and orders; pages, texts, commands and documents read the spec. What a PostgreSQL
//! server is asked stands in `kernel/postgres/reading.sql`, and what it is told in `kernel/postgres/statements`.
//! A third kernel of another shape is in
//! `tests/ladder`, and every page, answer and command is held over it. A new rule of how people act:
//! `model/invariant.rs`. A route: `web/policy.rs`. A status code:
//! `web/refusal.rs`. A word on a page: `ui/components`. How it starts: `serve.rs`.

// What it shares with the tests of the program names the crate from outside.
#[cfg(all(test, feature = "ssr"))]
extern crate self as aerodb_control;

#[cfg(feature = "ssr")]
pub mod authority;
#[cfg(feature = "hydrate")]
pub mod browser;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod crash;
#[cfg(feature = "ssr")]
pub mod cross_check;
#[cfg(feature = "ssr")]
pub mod explain;
#[cfg(feature = "ssr")]
pub mod files;
#[cfg(feature = "ssr")]
pub mod http_client;
#[cfg(feature = "ssr")]
pub mod identity;
#[cfg(feature = "ssr")]
pub mod kernel;
pub mod ledger;
#[cfg(feature = "ssr")]
pub mod metrics;
pub mod model;
#[cfg(feature = "ssr")]
pub mod observe;
#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
pub mod store;
#[cfg(feature = "ssr")]
pub mod text;
pub mod ui;
#[cfg(feature = "ssr")]
pub mod web;
#[cfg(feature = "ssr")]
pub mod workflow;

/// The tests that need the kernel's probe, which no other crate can see; all others are in a binary of their
/// own, below `src/tests/mod.rs`.
#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests {
    #[allow(
        dead_code,
        unreachable_pub,
        reason = "the other half of it is for tests of the program"
    )]
    mod fault_panel;
    #[allow(
        dead_code,
        unreachable_pub,
        reason = "the other half of it is for tests of the program"
    )]
    mod legal_steps;
    mod simulation;
}
