//! Every route that exists, with who may use it. The router is built from these tables and from
//! nothing else, so what is not listed is not there (C10.1).

mod acts;

pub use acts::{ACTS, Act};

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

/// A route that reads. Its handlers hold a `Reading`, which has no way to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The cluster at a glance.
    Overview,
    /// The list of actions.
    Actions,
    /// The catalogue as a choice, or the form of one action.
    NewAction,
    /// One action.
    Action,
    /// One node.
    Node,
    /// The log and the kernel side by side.
    Timeline,
    /// The log.
    Log,
    /// One record.
    Record,
    /// An observation that the log keeps.
    Observation,
    /// One action, rebuilt from the log.
    Report,
    /// The same as Markdown.
    ReportText,
    /// A window of the log, rebuilt.
    Window,
    /// The same as Markdown.
    WindowText,
    /// The catalogue and the invariants.
    Reference,
    /// One action of the catalogue in full.
    ReferenceAction,
    /// Every way in which an action can go wrong.
    ReferenceFailures,
    /// The keys and the preferences.
    Help,
    /// Setting a preference of the browser.
    Preferences,
    /// The part of the overview that follows the cluster.
    OverviewPart,
    /// What has moved since an action was explained: a part of its page.
    MovedPart,
    /// How far the kernel is with an action: a part of its page.
    ProgressPart,
    /// The sign-in form.
    SignIn,
    /// Where a provider of OpenID Connect sends a browser back to.
    Returned,
    /// The form behind the one-time set-up link.
    SetUp,
    /// The form behind a link for a stakeholder.
    OpenLink,
    /// The links, and the reader's own sessions.
    Access,
    /// Every account, session, link and token.
    Everybody,
    /// The observation as JSON.
    ApiCluster,
    /// One node of it.
    ApiNode,
    /// All that the page of a node shows, as JSON.
    ApiNodeOverview,
    /// The overview as JSON.
    ApiOverview,
    /// The catalogue as JSON.
    ApiCatalogue,
    /// What would be explained now.
    ApiExplain,
    /// The list of actions as JSON.
    ApiActions,
    /// One action as JSON.
    ApiAction,
    /// The log and the kernel side by side, as JSON.
    ApiTimeline,
    /// The log as JSON.
    ApiLog,
    /// The end of the log, signed.
    ApiLogHead,
    /// That a record is in the log.
    ApiLogProof,
    /// That an earlier log is the beginning of the present one.
    ApiLogConsistency,
    /// The signed head as a file of an export.
    ApiLogCheckpoint,
    /// The key that checks it.
    ApiLogKey,
    /// Tiles and records as files of an export.
    ApiLogTile,
    /// Observations and explanations as files of an export.
    ApiLogBlob,
    /// One record.
    ApiRecord,
    /// An observation that the log keeps, as JSON.
    ApiObservation,
    /// One action, rebuilt from the log, as JSON.
    ApiReport,
    /// A window of the log, rebuilt, as JSON.
    ApiWindow,
    /// Who is signed in.
    ApiSession,
    /// The links, and the reader's own sessions, as JSON.
    ApiAccess,
    /// Every account, session, link and token, as JSON.
    ApiEverybody,
    /// That something changed, as server-sent events.
    ApiEvents,
    /// What happened in the kernel.
    ApiKernelEvents,
    /// The log as CSV.
    ApiLogCsv,
    /// The log as Markdown.
    ApiLogText,
    /// The list of actions as CSV.
    ApiActionsCsv,
    /// The list of actions as Markdown.
    ApiActionsText,
    /// The description of the API.
    ApiOpenapi,
    /// Whether the process answers.
    Health,
    /// Whether actions can be recorded and the kernel answers.
    Ready,
    /// Figures of the process.
    Metrics,
}

impl Read {
    /// Whether the bytes of an answer follow from the state of kernel and log alone. Then they carry a
    /// tag; a page has a nonce, and an observation has a time.
    #[must_use]
    pub fn is_of_state(self) -> bool {
        match self {
            Self::ApiNode
            | Self::ApiCatalogue
            | Self::ApiActions
            | Self::ApiAction
            | Self::ApiLog
            | Self::ApiLogHead
            | Self::ApiLogProof
            | Self::ApiLogConsistency
            | Self::ApiLogCheckpoint
            | Self::ApiLogKey
            | Self::ApiLogTile
            | Self::ApiLogBlob
            | Self::ApiRecord
            | Self::ApiReport
            | Self::ApiSession
            | Self::ApiKernelEvents
            | Self::ApiOpenapi
            | Self::ApiObservation
            | Self::MovedPart
            | Self::ProgressPart => true,
            // Written while they are sent: a tag would need the whole first.
            Self::ApiWindow
            | Self::ApiLogCsv
            | Self::ApiLogText
            | Self::ApiActionsCsv
            | Self::ApiActionsText
            | Self::Overview
            | Self::OverviewPart
            | Self::Node
            | Self::Timeline
            | Self::Record
            | Self::Observation
            | Self::ReferenceAction
            | Self::ReferenceFailures
            | Self::Help
            | Self::Preferences
            | Self::ApiNodeOverview
            | Self::ApiTimeline
            | Self::Actions
            | Self::NewAction
            | Self::Action
            | Self::Log
            | Self::Report
            | Self::ReportText
            | Self::Window
            | Self::WindowText
            | Self::Reference
            | Self::SignIn
            | Self::Returned
            | Self::SetUp
            | Self::OpenLink
            | Self::Access
            | Self::Everybody
            | Self::ApiAccess
            | Self::ApiEverybody
            | Self::ApiCluster
            | Self::ApiOverview
            | Self::ApiExplain
            | Self::ApiEvents
            | Self::Health
            | Self::Ready
            | Self::Metrics => false,
        }
    }
}

/// Whether the listener of observers has a route that reads. It has none that anybody signs in at, and
/// none that is an auditor's: everybody there is an observer.
#[must_use]
pub fn is_for_observers(route: Read) -> bool {
    !matches!(
        route,
        Read::SignIn
            | Read::Returned
            | Read::SetUp
            | Read::OpenLink
            | Read::Everybody
            | Read::ApiEverybody
    )
}

/// The routes that read: all of them answer GET.
pub const READS: &[(Read, &str, Needs)] = &[
    (Read::Overview, "/", Needs::Onlooker),
    (Read::Actions, "/actions", Needs::Viewer),
    (Read::NewAction, "/actions/new", Needs::Viewer),
    (Read::Action, "/actions/{id}", Needs::Onlooker),
    (Read::Node, "/nodes/{id}", Needs::Viewer),
    (Read::Timeline, "/timeline", Needs::Onlooker),
    (Read::Log, "/log", Needs::Viewer),
    (Read::Record, "/log/{seq}", Needs::Viewer),
    (Read::Observation, "/observations/{hash}", Needs::Viewer),
    (Read::Report, "/actions/{id}/report", Needs::Viewer),
    (Read::ReportText, "/actions/{id}/report.md", Needs::Viewer),
    (Read::Window, "/report", Needs::Viewer),
    (Read::WindowText, "/report.md", Needs::Viewer),
    (Read::Reference, "/reference", Needs::Viewer),
    (Read::ReferenceAction, "/reference/actions/{kind}", Needs::Viewer),
    (Read::ReferenceFailures, "/reference/failures", Needs::Viewer),
    (Read::Help, "/help", Needs::Anyone),
    (Read::Preferences, "/preferences", Needs::Anyone),
    (Read::OverviewPart, "/parts/overview", Needs::Onlooker),
    (Read::MovedPart, "/parts/actions/{id}/moved", Needs::Onlooker),
    (Read::ProgressPart, "/parts/actions/{id}/progress", Needs::Onlooker),
    (Read::SignIn, "/login", Needs::Anyone),
    (Read::Returned, "/login/openid/callback", Needs::Anyone),
    (Read::SetUp, "/setup/{token}", Needs::Anyone),
    (Read::OpenLink, "/link/{token}", Needs::Anyone),
    (Read::Access, "/access", Needs::Viewer),
    (Read::Everybody, "/access/everybody", Needs::Auditor),
    (Read::ApiCluster, "/api/v1/cluster", Needs::Viewer),
    (Read::ApiNode, "/api/v1/nodes/{id}", Needs::Viewer),
    (Read::ApiNodeOverview, "/api/v1/nodes/{id}/overview", Needs::Viewer),
    (Read::ApiOverview, "/api/v1/overview", Needs::Onlooker),
    (Read::ApiCatalogue, "/api/v1/catalogue", Needs::Viewer),
    (Read::ApiExplain, "/api/v1/explain", Needs::Viewer),
    (Read::ApiActions, "/api/v1/actions", Needs::Viewer),
    (Read::ApiAction, "/api/v1/actions/{id}", Needs::Viewer),
    (Read::ApiTimeline, "/api/v1/timeline", Needs::Viewer),
    (Read::ApiLog, "/api/v1/log", Needs::Viewer),
    (Read::ApiLogHead, "/api/v1/log/head", Needs::Viewer),
    (Read::ApiLogProof, "/api/v1/log/proof/{seq}", Needs::Viewer),
    (Read::ApiLogConsistency, "/api/v1/log/consistency", Needs::Viewer),
    (Read::ApiLogCheckpoint, "/api/v1/log/checkpoint", Needs::Viewer),
    (Read::ApiLogKey, "/api/v1/log/vkey", Needs::Viewer),
    (Read::ApiLogTile, "/api/v1/log/tile/{*place}", Needs::Viewer),
    (Read::ApiLogBlob, "/api/v1/log/blobs/{hash}", Needs::Viewer),
    (Read::ApiRecord, "/api/v1/log/{seq}", Needs::Viewer),
    (Read::ApiObservation, "/api/v1/observations/{hash}", Needs::Viewer),
    (Read::ApiReport, "/api/v1/actions/{id}/report", Needs::Viewer),
    (Read::ApiWindow, "/api/v1/report", Needs::Viewer),
    (Read::ApiSession, "/api/v1/session", Needs::Viewer),
    (Read::ApiAccess, "/api/v1/access", Needs::Viewer),
    (Read::ApiEverybody, "/api/v1/access/everybody", Needs::Auditor),
    (Read::ApiEvents, "/api/v1/events", Needs::Onlooker),
    (Read::ApiKernelEvents, "/api/v1/kernel/events", Needs::Viewer),
    (Read::ApiLogCsv, "/api/v1/log.csv", Needs::Viewer),
    (Read::ApiLogText, "/api/v1/log.md", Needs::Viewer),
    (Read::ApiActionsCsv, "/api/v1/actions.csv", Needs::Viewer),
    (Read::ApiActionsText, "/api/v1/actions.md", Needs::Viewer),
    (Read::ApiOpenapi, "/api/v1/openapi.json", Needs::Anyone),
    (Read::Health, "/healthz", Needs::Anyone),
    (Read::Ready, "/readyz", Needs::Anyone),
    (Read::Metrics, "/metrics", Needs::Viewer),
];
