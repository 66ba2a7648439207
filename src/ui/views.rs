//! What each page is drawn from: values that the server gathered, and nothing that could gather more.

use super::access::{AccessView, ConsoleScope, IssuedView, OpenLink};
use super::components;
use super::components::forms::ProofShown;
use super::components::list_filter::FilterFields;
use super::nav::NavItem;
use super::preferences::Preferences;
use super::sign_in::{Leaving, ProviderRedirect, Returned, SetUp, SignIn};
use crate::model::action::ActionId;
use crate::model::actor::ActorRole;
use crate::model::answer::{ActionAnswer, ActionPage, LogPage, Overview, SessionAnswer};
use crate::model::checklist::ChecklistAnswer;
use crate::model::cluster::ClusterState;
use crate::model::explanation::Candidate;
use crate::model::finding::Mismatch;
use crate::model::kept::{KeptObservation, RecordAnswer};
use crate::model::link::EverybodyAnswer;
use crate::model::node_answer::NodeAnswer;
use crate::model::pinned::{ClusterIdentity, Freeze, InDoubt};
use crate::model::refusal::Refusal;
use crate::model::report::{ActionReport, WindowReport};
use crate::model::spec::{ActionSpec, Catalogue, KernelSpec};
use crate::model::status::{Blocking, ClusterStatus, UnfinishedActions};
use crate::model::text::{ActorName, NodeId};
use crate::model::timeline::Timeline;
use crate::model::trace::Trace;
use std::collections::BTreeMap;

/// What the settings say of the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnvironmentClass {
    /// Customers depend on it.
    Production,
    /// Anything else.
    #[default]
    Other,
}

impl EnvironmentClass {
    /// As the setting says.
    #[must_use]
    pub fn of(is_production: bool) -> Self {
        if is_production { Self::Production } else { Self::Other }
    }
}

/// What stands round every page: which cluster this is, and who reads it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What the kernel says of itself: the pages have their words for facts, actions and rules from it.
    pub spec: &'static KernelSpec,
    /// Named in the header and the title of every page.
    pub identity: ClusterIdentity,
    /// Whether the pages have to look unlike those of every other environment.
    pub environment: EnvironmentClass,
    /// The cluster now, and what is not over; absent for whoever is not signed in.
    pub status: Option<ClusterStatus>,
    /// Who is signed in. The secret in it, if any, is never drawn.
    pub session: Option<SessionAnswer>,
    /// Why nothing can be recorded any more, where that is so.
    pub unrecordable: Option<String>,
    /// Where log and kernel do not say the same, and nothing is changed meanwhile.
    pub mismatch: Option<Mismatch>,
    /// What the browser prefers.
    pub preferences: Preferences,
    /// The id under which a form of this page declares a freeze: sending it twice is one freeze.
    pub freeze_id: ActionId,
    /// Whether anything but reading exists where the page stands.
    pub console: ConsoleScope,
    /// Whether the reader's session can be ended where the page stands.
    pub can_sign_out: bool,
    /// The one action that the link of a stakeholder shows.
    pub shows: Option<ActionId>,
}

impl Frame {
    /// The role of the reader; `None` while nobody is signed in.
    #[must_use]
    pub fn viewer(&self) -> Option<ActorRole> {
        self.session.as_ref().map(|session| session.role)
    }

    /// Every action that is not over, where the log could be read.
    #[must_use]
    pub fn unfinished(&self) -> UnfinishedActions {
        let read = self.status.as_ref().and_then(|status| status.unfinished.as_ref().ok());
        read.cloned().unwrap_or_default()
    }

    /// The nodes of the cluster, by name; none where it could not be observed.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        let state = self.status.as_ref().and_then(|status| status.state.as_ref().ok());
        state
            .map(|state| state.nodes.iter().map(|node| node.id.to_string()).collect())
            .unwrap_or_default()
    }

    /// The freeze that stands, or why that could not be read; none for whoever is not signed in.
    pub fn freeze(&self) -> Result<Option<&Freeze>, &Refusal> {
        self.status.as_ref().map_or(Ok(None), |status| status.freeze.as_ref().map(Option::as_ref))
    }
}

/// The form that asks for one action.
#[derive(Clone, Debug)]
pub struct NewAction {
    /// Made by the server for this form, and spent by its first delivery (C7.2).
    pub action_id: ActionId,
    /// Which action.
    pub entry: &'static ActionSpec,
    /// The node that the address named. Nothing else selects a node in advance (C2.2).
    pub node: Option<NodeId>,
    /// The other parameters, as the address or the attempt before gave them.
    pub values: BTreeMap<&'static str, String>,
    /// The texts that were attested in the attempt before. No statement is affirmed in advance (C2.4).
    pub attested: BTreeMap<&'static str, String>,
    /// The reason that was typed before.
    pub reason: Option<String>,
    /// The observation that the list of nodes is drawn from.
    pub state: ClusterState,
    /// The nodes as objects of this kind, where the rules are known; may be empty.
    pub candidates: Vec<Candidate>,
    /// The action that holds up every further mutation, where there is one.
    pub in_doubt: Option<InDoubt>,
    /// The freeze that stands, where one does.
    pub freeze: Option<Freeze>,
    /// Why the attempt before was refused.
    pub refusal: Option<Refusal>,
}

/// The cluster now, and what this session was shown before.
#[derive(Clone, Debug)]
pub struct OverviewView {
    /// The cluster now.
    pub overview: Overview,
    /// The positions of the observations that this session was shown, the present one included.
    pub trace: Trace,
}

/// One action, with the answer to an attempt that was refused, where there was one.
#[derive(Clone, Debug)]
pub struct ActionView {
    /// The action as it stands.
    pub answer: ActionAnswer,
    /// Why the attempt before was refused.
    pub refusal: Option<Refusal>,
    /// Whether the reader has to prove who they are to confirm what is disruptive.
    pub proof: ProofShown,
    /// What was typed as the name of the target, where only the proof was missing.
    pub typed: Option<String>,
    /// Who reads it, where that is somebody with an account.
    pub reader: Option<ActorName>,
}

/// A route that writes, and who may use it.
#[derive(Clone, Copy, Debug)]
pub struct Privileged {
    /// Its path.
    pub path: &'static str,
    /// Who may use it, in a word.
    pub needs: &'static str,
}

/// What `GET /log` shows.
#[derive(Clone, Debug)]
pub struct LogView {
    /// The records.
    pub page: LogPage,
    /// What stands in the form.
    pub typed: FilterFields,
    /// The address of the next page; absent on the last.
    pub older: Option<String>,
    /// Why nothing could be asked for with that.
    pub refusal: Option<Refusal>,
}

/// What `GET /actions` shows.
#[derive(Clone, Debug)]
pub struct ActionsView {
    /// The actions.
    pub page: ActionPage,
    /// What stands in the form.
    pub typed: FilterFields,
    /// The address of the next page; absent on the last.
    pub older: Option<String>,
    /// Why nothing could be asked for with that.
    pub refusal: Option<Refusal>,
}

/// What `GET /timeline` shows.
#[derive(Clone, Debug)]
pub struct TimelineView {
    /// What happened.
    pub told: Timeline,
    /// What stands in the form.
    pub typed: FilterFields,
    /// The address of the next page; absent on the last.
    pub older: Option<String>,
    /// Why nothing could be asked for with that.
    pub refusal: Option<Refusal>,
}

/// The form of a window of time, with one page of its report.
#[derive(Clone, Debug, Default)]
pub struct WindowView {
    /// What was typed as its beginning.
    pub from: String,
    /// What was typed as its end.
    pub to: String,
    /// The record that this page begins after; absent on the first.
    pub after: Option<u64>,
    /// The report, once a window is named.
    pub report: Option<WindowReport>,
    /// Why it could not be made.
    pub refusal: Option<Refusal>,
}

/// Every page, with its data.
#[derive(Clone, Debug)]
pub enum Page {
    /// `GET /login`, and `POST /login` when it is refused.
    SignIn(SignIn),
    /// `POST /login/openid`.
    Leaving(Leaving),
    /// `GET /login/openid/callback`.
    Returned(Box<Returned>),
    /// `GET /setup/{token}`, and `POST /setup` when it is refused.
    SetUp(SetUp),
    /// `GET /link/{token}`, and `POST /link` when it is refused.
    OpenLink(OpenLink),
    /// `GET /access`.
    Access(Box<AccessView>),
    /// `GET /access/all`.
    Everybody(Box<EverybodyAnswer>),
    /// `POST /links`.
    Issued(Box<IssuedView>),
    /// `GET /`.
    Overview(Box<OverviewView>),
    /// `GET /actions/new` without a kind.
    Catalogue,
    /// `GET /actions/new?kind=K`, and `POST /actions` when its input is refused.
    NewAction(Box<NewAction>),
    /// `GET /actions`.
    Actions(Box<ActionsView>),
    /// `GET /actions/{id}`, and the forms on it when they are refused.
    Action(Box<ActionView>),
    /// `GET /nodes/{id}`.
    Node(Box<NodeAnswer>),
    /// `GET /checklists/{key}`.
    Checklist(Box<ChecklistAnswer>),
    /// `GET /timeline`.
    Timeline(Box<TimelineView>),
    /// `GET /log`.
    Log(Box<LogView>),
    /// `GET /log/{seq}`.
    Record(Box<RecordAnswer>),
    /// `GET /observations/{sha256}`.
    Observation(Box<KeptObservation>),
    /// `GET /actions/{id}/report`.
    Report(Box<ActionReport>),
    /// `GET /report`.
    Window(Box<WindowView>),
    /// `GET /reference`.
    Reference(Vec<Privileged>),
    /// `GET /reference/actions/{kind}`.
    ReferenceAction(&'static ActionSpec),
    /// `GET /reference/failures`.
    ReferenceFailures,
    /// `GET /help`.
    Help,
    /// `GET /go`, with what was typed there.
    Go(String),
    /// Any address that was refused.
    Refused(Box<Refusal>),
}

impl Page {
    /// What the page shows of the present, where it shows it: what stands round it is of the same (C8.4).
    #[must_use]
    pub fn present(&self) -> Option<(&ClusterState, Blocking)> {
        let (state, in_doubt, freeze) = match self {
            Self::Overview(view) => {
                let Overview { state, in_doubt, freeze, .. } = &view.overview;
                (state, in_doubt, freeze)
            }
            Self::NewAction(new) => (&new.state, &new.in_doubt, &new.freeze),
            Self::Node(data) => (&data.state, &data.in_doubt, &data.freeze),
            _ => return None,
        };
        Some((state, Blocking { in_doubt: in_doubt.clone(), freeze: freeze.clone() }))
    }

    /// The title, which is also what the one `h1` says.
    #[must_use]
    pub fn title(&self, catalogue: Catalogue) -> String {
        match self {
            Self::Leaving(Leaving { way: ProviderRedirect::Out, .. }) => "Signed out".to_owned(),
            Self::SignIn(_) | Self::Leaving(_) | Self::Returned(_) => "Sign in".to_owned(),
            Self::SetUp(_) => "Create the first operator".to_owned(),
            Self::OpenLink(_) => "Open a link".to_owned(),
            Self::Access(_) => "Access".to_owned(),
            Self::Everybody(_) => "Access: all".to_owned(),
            Self::Issued(_) => "A link".to_owned(),
            Self::Overview(_) => "Overview".to_owned(),
            Self::Catalogue => "Request an action".to_owned(),
            Self::NewAction(new) => {
                format!("Ask for: {}", new.entry.title.to_lowercase())
            }
            Self::Actions(_) => "Actions".to_owned(),
            Self::Action(view) => components::words::capital(&catalogue.title(&view.answer.action)),
            Self::Node(data) => format!("Node {}", data.node),
            Self::Checklist(data) => {
                let list = catalogue.checklists().find(|list| list.key == data.key);
                format!("Checklist: {} ({})", list.map_or("unknown", |list| list.title), data.node)
            }
            Self::Timeline(_) => "Timeline".to_owned(),
            Self::Log(_) => "Log".to_owned(),
            Self::Record(data) => format!("Record {}", data.record.record.seq),
            Self::Observation(data) => {
                format!("Observation {}", components::words::escaped(&data.state.observation.id))
            }
            Self::Report(told) => format!("Report: {}", catalogue.title(&told.action)),
            Self::Window(_) => "Report".to_owned(),
            Self::Reference(_) => "Reference".to_owned(),
            Self::ReferenceAction(entry) => {
                format!("Reference: {}", entry.title.to_lowercase())
            }
            Self::ReferenceFailures => "Reference: what can go wrong".to_owned(),
            Self::Help => "Help".to_owned(),
            Self::Go(_) => "Go to".to_owned(),
            Self::Refused(_) => "Refused".to_owned(),
        }
    }

    /// The entry of the navigation that the page belongs to.
    #[must_use]
    pub fn nav(&self) -> Option<NavItem> {
        match self {
            Self::Overview(_) | Self::Node(_) | Self::Checklist(_) => Some(NavItem::Overview),
            Self::Catalogue | Self::NewAction(_) | Self::Actions(_) | Self::Action(_) => {
                Some(NavItem::Actions)
            }
            Self::Timeline(_) => Some(NavItem::Timeline),
            Self::Log(_) | Self::Record(_) | Self::Observation(_) => Some(NavItem::Log),
            Self::Report(_) | Self::Window(_) => Some(NavItem::Report),
            Self::Reference(_) | Self::ReferenceAction(_) | Self::ReferenceFailures => {
                Some(NavItem::Reference)
            }
            Self::Access(_) | Self::Everybody(_) | Self::Issued(_) => Some(NavItem::Access),
            Self::SignIn(_)
            | Self::Leaving(_)
            | Self::Returned(_)
            | Self::SetUp(_)
            | Self::OpenLink(_)
            | Self::Refused(_)
            | Self::Help
            | Self::Go(_) => None,
        }
    }

    /// Whether the page needs the browser's half, where somebody is signed in: every page does, for
    /// the local times and the keys. The pages before that are plain.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(
            self,
            Self::SignIn(_)
                | Self::Leaving(_)
                | Self::Returned(_)
                | Self::SetUp(_)
                | Self::OpenLink(_)
        )
    }
}
