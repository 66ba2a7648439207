//! Every route that exists: a row says its path, who may use it, what answers it, and how that is
//! described to programs. The routers, the description of the API and the tests of access are made from
//! these two tables and from nothing else, so what is not listed is not there (C10.1).

use super::openapi::operation::{Operation, Schemas};
use super::openapi::{acts, reads};
use super::redacted_reads::RedactedReads;
use super::{
    ReadState, WriteState, access, actions, api, checklists, export, federated_login, freeze, go,
    guest_routes, health, kept, links, lists, login, nodes, pages, preferences, reference, report,
    timeline,
};
use axum::routing::{MethodRouter, get, post};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Everybody: signing in, and files without data.
    Anyone,
    /// Anybody who is signed in, programs with a token, and stakeholders, who see it redacted.
    Onlooker,
    /// Anybody who is signed in with an account, and programs with a token.
    Viewer,
    /// A person who signed in as an auditor.
    Auditor,
    /// A person who signed in as an operator.
    Operator,
}

impl Needs {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Onlooker => "onlooker",
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

/// How a route is described to programs, if it is.
type Described = Option<fn(&mut Schemas) -> Operation>;

/// What a row names, or nothing.
macro_rules! described {
    () => {
        None
    };
    ($operation:path) => {
        Some($operation)
    };
}

/// The handler of a route that reads, over the state that it holds: a `ReadState`, which has no way to
/// change anything, or a `RedactedReads`, which gives out nothing that was not redacted for whoever asks.
macro_rules! over {
    (ReadState, $handler:path, $reading:expr) => {
        get($handler)
    };
    (RedactedReads, $handler:path, $reading:expr) => {
        get($handler).with_state(RedactedReads::new($reading))
    };
}

macro_rules! reads {
    ($($(#[$about:meta])* $name:ident, $path:literal, $needs:ident, $at:ident, $tag:ident,
       $state:ident($handler:path) $(, $operation:path)?;)*) => {
        /// A route that reads, and answers GET.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Read {
            $($(#[$about])* $name,)*
        }

        /// The routes that read: all of them answer GET.
        pub const READS: &[(Read, &str, Needs)] = &[$((Read::$name, $path, Needs::$needs),)*];

        impl Read {
            #[allow(clippy::match_same_arms, reason = "a row is an arm")]
            fn row(self) -> (At, Tag) {
                match self {
                    $(Self::$name => (At::$at, Tag::$tag),)*
                }
            }

            /// What answers it.
            #[allow(clippy::match_same_arms, reason = "a row is an arm")]
            pub(super) fn handler(self, reading: &ReadState) -> MethodRouter<ReadState> {
                match self {
                    $(Self::$name => over!($state, $handler, reading),)*
                }
            }

            /// How it is described to programs; pages are not.
            #[allow(clippy::match_same_arms, reason = "a row is an arm")]
            pub(super) fn operation(self) -> Described {
                match self {
                    $(Self::$name => described!($($operation)?),)*
                }
            }
        }
    };
}

macro_rules! acts {
    ($($(#[$about:meta])* $name:ident, $path:literal, $needs:ident, WriteState($handler:path)
       $(, $operation:path)?;)*) => {
        /// A route that writes at least a record, or begins what ends in one. Its handlers hold an
        /// `WriteState`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $($(#[$about])* $name,)*
        }

        /// The routes that write: all of them answer POST, and nothing else does.
        pub const ACTS: &[(Act, &str, Needs)] = &[$((Act::$name, $path, Needs::$needs),)*];

        impl Act {
            /// What answers it.
            #[allow(clippy::match_same_arms, reason = "a row is an arm")]
            pub(super) fn handler(self) -> MethodRouter<WriteState> {
                match self {
                    $(Self::$name => post($handler),)*
                }
            }

            /// How it is described to programs; forms are not.
            #[allow(clippy::match_same_arms, reason = "a row is an arm")]
            pub(super) fn operation(self) -> Described {
                match self {
                    $(Self::$name => described!($($operation)?),)*
                }
            }
        }
    };
}

/// At which listener a route is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At both.
    Everywhere,
    /// Not at that of observers: somebody signs in at it, or it is an auditor's.
    Console,
}

/// Whether the bytes of an answer follow from the state of kernel and log alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// They do, so they carry a tag.
    Tagged,
    /// A page has a nonce, an observation a time, and what is written while it is sent has no whole.
    Plain,
}

impl Read {
    /// Whether the bytes of an answer follow from the state of kernel and log alone. Then they carry a
    /// tag.
    #[must_use]
    pub fn is_of_state(self) -> bool {
        self.row().1 == Tag::Tagged
    }
}

/// Whether the listener of observers has a route that reads. It has none that anybody signs in at, and
/// none that is an auditor's: everybody there is an observer.
#[must_use]
pub fn is_for_observers(route: Read) -> bool {
    route.row().0 == At::Everywhere
}

// Name, path, who may use it, at which listener, whether its answer is tagged, its handler over its
// state, and its description for programs.
reads! {
    /// The cluster at a glance.
    Overview, "/", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::overview);
    /// The list of actions.
    Actions, "/actions", Viewer, Everywhere, Plain, ReadState(lists::actions);
    /// The list of actions on paper.
    ActionsPaper, "/actions/print", Viewer, Everywhere, Plain, ReadState(export::actions_paper);
    /// The catalogue as a choice, or the form of one action.
    NewAction, "/actions/new", Viewer, Everywhere, Plain, ReadState(pages::new_action);
    /// One action.
    Action, "/actions/{id}", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::action);
    /// One node.
    Node, "/nodes/{id}", Viewer, Everywhere, Plain, ReadState(nodes::page);
    /// The state of a longer piece of work.
    Checklist, "/checklists/{key}/{node}", Viewer, Everywhere, Plain, ReadState(checklists::page);
    /// The log and the kernel side by side.
    Timeline, "/timeline", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::timeline);
    /// The log.
    Log, "/log", Viewer, Everywhere, Plain, ReadState(lists::log);
    /// The log on paper.
    LogPaper, "/log/print", Viewer, Everywhere, Plain, ReadState(export::log_paper);
    /// One record.
    Record, "/log/{seq}", Viewer, Everywhere, Plain, ReadState(kept::record);
    /// An observation that the log keeps.
    Observation, "/observations/{hash}", Viewer, Everywhere, Plain, ReadState(kept::observation);
    /// One action, rebuilt from the log.
    Report, "/actions/{id}/report", Viewer, Everywhere, Plain, ReadState(report::action_page);
    /// The same as Markdown.
    ReportText, "/actions/{id}/report.md", Viewer, Everywhere, Plain, ReadState(report::action_text);
    /// A window of the log, rebuilt.
    Window, "/report", Viewer, Everywhere, Plain, ReadState(report::window_page);
    /// The same as Markdown.
    WindowText, "/report.md", Viewer, Everywhere, Plain, ReadState(report::window_text);
    /// The catalogue and the invariants.
    Reference, "/reference", Viewer, Everywhere, Plain, ReadState(reference::whole);
    /// One action of the catalogue in full.
    ReferenceAction, "/reference/actions/{kind}", Viewer, Everywhere, Plain, ReadState(reference::action);
    /// Every way in which an action can go wrong.
    ReferenceFailures, "/reference/failures", Viewer, Everywhere, Plain, ReadState(reference::failures);
    /// The keys and the preferences.
    Help, "/help", Anyone, Everywhere, Plain, ReadState(reference::help);
    /// Every place that the reader can go to.
    Go, "/go", Viewer, Everywhere, Plain, ReadState(go::go);
    /// Setting a preference of the browser.
    Preferences, "/preferences", Anyone, Everywhere, Plain, ReadState(preferences::prefer);
    /// What stands on every page.
    StatusPart, "/parts/status", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::status_part);
    /// The part of the overview that follows the cluster.
    OverviewPart, "/parts/overview", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::overview_part);
    /// What has moved since an action was explained: a part of its page.
    MovedPart, "/parts/actions/{id}/moved", Onlooker, Everywhere, Tagged, RedactedReads(guest_routes::moved_part);
    /// How an action stands: a part of its page.
    ProgressPart, "/parts/actions/{id}/progress", Onlooker, Everywhere, Tagged, RedactedReads(guest_routes::progress_part);
    /// The sign-in form.
    SignIn, "/login", Anyone, Console, Plain, ReadState(pages::sign_in);
    /// Where a provider of OpenID Connect sends a browser back to.
    Returned, "/login/openid/callback", Anyone, Console, Plain, ReadState(federated_login::returned);
    /// The form behind the one-time set-up link.
    SetUp, "/setup/{token}", Anyone, Console, Plain, ReadState(pages::set_up);
    /// The form behind a link for a stakeholder.
    OpenLink, "/link/{token}", Anyone, Console, Plain, ReadState(links::open);
    /// The links, and the reader's own sessions.
    Access, "/access", Viewer, Everywhere, Plain, ReadState(access::own);
    /// Every account, session, link and token.
    Everybody, "/access/all", Auditor, Console, Plain, ReadState(access::everybody);
    /// The observation as JSON.
    ApiCluster, "/api/v1/cluster", Viewer, Everywhere, Plain, ReadState(api::cluster), reads::cluster;
    /// One node of it.
    ApiNode, "/api/v1/nodes/{id}", Viewer, Everywhere, Tagged, ReadState(api::node), reads::node;
    /// All that the page of a node shows, as JSON.
    ApiNodeOverview, "/api/v1/nodes/{id}/overview", Viewer, Everywhere, Plain, ReadState(nodes::json), reads::node_overview;
    /// A checklist as JSON.
    ApiChecklist, "/api/v1/checklists/{key}/{node}", Viewer, Everywhere, Plain, ReadState(checklists::json), reads::checklist;
    /// The overview as JSON.
    ApiOverview, "/api/v1/overview", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::overview_json), reads::overview;
    /// The catalogue as JSON.
    ApiCatalogue, "/api/v1/catalogue", Viewer, Everywhere, Tagged, ReadState(api::catalogue), reads::catalogue;
    /// What would be explained now.
    ApiExplain, "/api/v1/explain", Viewer, Everywhere, Plain, ReadState(api::explain), reads::explain;
    /// The list of actions as JSON.
    ApiActions, "/api/v1/actions", Viewer, Everywhere, Tagged, ReadState(api::actions), reads::actions;
    /// One action as JSON.
    ApiAction, "/api/v1/actions/{id}", Viewer, Everywhere, Tagged, ReadState(api::action), reads::action;
    /// The log and the kernel side by side, as JSON.
    ApiTimeline, "/api/v1/timeline", Viewer, Everywhere, Plain, ReadState(timeline::json), reads::timeline;
    /// The log as JSON.
    ApiLog, "/api/v1/log", Viewer, Everywhere, Tagged, ReadState(api::log), reads::log;
    /// The end of the log, signed.
    ApiLogHead, "/api/v1/log/head", Viewer, Everywhere, Tagged, ReadState(api::head), reads::log_head;
    /// That a record is in the log.
    ApiLogProof, "/api/v1/log/proof/{seq}", Viewer, Everywhere, Tagged, ReadState(api::proof), reads::log_proof;
    /// That an earlier log is the beginning of the present one.
    ApiLogConsistency, "/api/v1/log/consistency", Viewer, Everywhere, Tagged, ReadState(api::consistency), reads::log_consistency;
    /// The signed head as a file of an export.
    ApiLogCheckpoint, "/api/v1/log/checkpoint", Viewer, Everywhere, Tagged, ReadState(api::log_file), reads::log_checkpoint;
    /// The key that checks it.
    ApiLogKey, "/api/v1/log/vkey", Viewer, Everywhere, Tagged, ReadState(api::log_file), reads::log_key;
    /// Tiles and records as files of an export.
    ApiLogTile, "/api/v1/log/tile/{*place}", Viewer, Everywhere, Tagged, ReadState(api::log_file), reads::log_tile;
    /// Observations and explanations as files of an export.
    ApiLogBlob, "/api/v1/log/blobs/{hash}", Viewer, Everywhere, Tagged, ReadState(api::log_file), reads::log_blob;
    /// One record.
    ApiRecord, "/api/v1/log/{seq}", Viewer, Everywhere, Tagged, ReadState(api::record), reads::record;
    /// An observation that the log keeps, as JSON.
    ApiObservation, "/api/v1/observations/{hash}", Viewer, Everywhere, Tagged, ReadState(kept::observation_json), reads::observation;
    /// One action, rebuilt from the log, as JSON.
    ApiReport, "/api/v1/actions/{id}/report", Viewer, Everywhere, Tagged, ReadState(report::action_json), reads::report;
    /// A window of the log, rebuilt, as JSON.
    ApiWindow, "/api/v1/report", Viewer, Everywhere, Plain, ReadState(report::window_json), reads::window;
    /// Who is signed in.
    ApiSession, "/api/v1/session", Viewer, Everywhere, Tagged, ReadState(api::session), reads::session;
    /// The links, and the reader's own sessions, as JSON.
    ApiAccess, "/api/v1/access", Viewer, Everywhere, Plain, ReadState(access::own_json), reads::access;
    /// Every account, session, link and token, as JSON.
    ApiEverybody, "/api/v1/access/all", Auditor, Console, Plain, ReadState(access::everybody_json), reads::everybody;
    /// That something changed, as server-sent events.
    ApiEvents, "/api/v1/events", Onlooker, Everywhere, Plain, RedactedReads(guest_routes::events), reads::events;
    /// What the kernel says of itself.
    ApiKernelSpec, "/api/v1/kernel/spec", Viewer, Everywhere, Tagged, ReadState(api::kernel_spec), reads::kernel_spec;
    /// What happened in the kernel.
    ApiKernelEvents, "/api/v1/kernel/events", Viewer, Everywhere, Tagged, ReadState(api::kernel_events), reads::kernel_events;
    /// The log as CSV.
    ApiLogCsv, "/api/v1/log.csv", Viewer, Everywhere, Plain, ReadState(export::log_csv), reads::log_csv;
    /// The log as one document of JSON.
    ApiLogJson, "/api/v1/log.json", Viewer, Everywhere, Plain, ReadState(export::log_json), reads::log_json;
    /// The log as Markdown.
    ApiLogText, "/api/v1/log.md", Viewer, Everywhere, Plain, ReadState(export::log_text), reads::log_text;
    /// The list of actions as CSV.
    ApiActionsCsv, "/api/v1/actions.csv", Viewer, Everywhere, Plain, ReadState(export::actions_csv), reads::actions_csv;
    /// The list of actions as one document of JSON.
    ApiActionsJson, "/api/v1/actions.json", Viewer, Everywhere, Plain, ReadState(export::actions_json), reads::actions_json;
    /// The list of actions as Markdown.
    ApiActionsText, "/api/v1/actions.md", Viewer, Everywhere, Plain, ReadState(export::actions_text), reads::actions_text;
    /// The description of the API.
    ApiOpenapi, "/api/v1/openapi.json", Anyone, Everywhere, Tagged, ReadState(api::openapi), reads::openapi;
    /// Whether the process answers.
    Health, "/healthz", Anyone, Everywhere, Plain, ReadState(health::health), reads::health;
    /// Whether actions can be recorded and the kernel answers.
    Ready, "/readyz", Anyone, Everywhere, Plain, ReadState(health::ready), reads::ready;
    /// Figures of the process.
    Metrics, "/metrics", Viewer, Everywhere, Plain, ReadState(health::metrics), reads::metrics;
}

// Name, path, who may use it, its handler, and its description for programs.
acts! {
    /// Signing in.
    SignIn, "/login", Anyone, WriteState(login::sign_in);
    /// Asking a provider of OpenID Connect who somebody is.
    OidcStart, "/login/openid", Anyone, WriteState(federated_login::leave);
    /// Signing in by what it answered.
    OidcCallback, "/login/openid/finish", Anyone, WriteState(federated_login::finish);
    /// Signing in by the word of a proxy.
    SignInByProxy, "/login/proxy", Anyone, WriteState(federated_login::by_proxy);
    /// Signing out.
    SignOut, "/logout", Onlooker, WriteState(login::sign_out);
    /// Creating the first operator.
    SetUp, "/setup", Anyone, WriteState(login::set_up);
    /// Asking for an action.
    Request, "/actions", Operator, WriteState(actions::request);
    /// Confirming one.
    Confirm, "/actions/{id}/confirm", Operator, WriteState(actions::confirm);
    /// Taking one back.
    Withdraw, "/actions/{id}/withdraw", Operator, WriteState(actions::withdraw);
    /// Resolving one.
    Resolve, "/actions/{id}/resolve", Operator, WriteState(actions::resolve);
    /// Recording what was found about one.
    Finding, "/actions/{id}/finding", Operator, WriteState(actions::finding);
    /// Declaring a freeze.
    Freeze, "/freeze", Operator, WriteState(freeze::freeze);
    /// Lifting it.
    Unfreeze, "/unfreeze", Operator, WriteState(freeze::unfreeze);
    /// Exchanging a link for its session.
    UseLink, "/link", Anyone, WriteState(links::exchange);
    /// Issuing a link for a stakeholder.
    IssueLink, "/links", Operator, WriteState(links::issue);
    /// Withdrawing one.
    RevokeLink, "/links/{id}/revoke", Operator, WriteState(links::revoke);
    /// Withdrawing a token.
    RevokeToken, "/tokens/{name}/revoke", Operator, WriteState(links::revoke_token);
    /// Signing in from a program that a person runs.
    ApiSignIn, "/api/v1/login", Anyone, WriteState(login::sign_in), acts::sign_in;
    /// Signing out from it.
    ApiSignOut, "/api/v1/logout", Onlooker, WriteState(login::sign_out), acts::sign_out;
    /// Asking for an action.
    ApiRequest, "/api/v1/actions", Operator, WriteState(actions::request), acts::request;
    /// Confirming one.
    ApiConfirm, "/api/v1/actions/{id}/confirm", Operator, WriteState(actions::confirm), acts::confirm;
    /// Taking one back.
    ApiWithdraw, "/api/v1/actions/{id}/withdraw", Operator, WriteState(actions::withdraw), acts::withdraw;
    /// Resolving one.
    ApiResolve, "/api/v1/actions/{id}/resolve", Operator, WriteState(actions::resolve), acts::resolve;
    /// Recording what was found about one.
    ApiFinding, "/api/v1/actions/{id}/finding", Operator, WriteState(actions::finding), acts::finding;
    /// Declaring a freeze.
    ApiFreeze, "/api/v1/freeze", Operator, WriteState(freeze::freeze), acts::freeze;
    /// Lifting it.
    ApiUnfreeze, "/api/v1/unfreeze", Operator, WriteState(freeze::unfreeze), acts::unfreeze;
    /// Issuing a link for a stakeholder.
    ApiIssueLink, "/api/v1/links", Operator, WriteState(links::issue), acts::issue_link;
    /// Withdrawing one.
    ApiRevokeLink, "/api/v1/links/{id}/revoke", Operator, WriteState(links::revoke), acts::revoke_link;
    /// Withdrawing a token.
    ApiRevokeToken, "/api/v1/tokens/{name}/revoke", Operator, WriteState(links::revoke_token), acts::revoke_token;
}
