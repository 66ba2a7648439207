//! What is required of the node on which an order runs, whatever the order.

use super::judged::{Judged, check};
use crate::kernel::postgres::spec::{PostgresInvariant as Rule, facts as key};
use crate::kernel::postgres::view::{PostgresRole, PostgresView, ServerView};
use crate::model::cluster::NodeState;
use crate::model::explanation::Check;
use crate::model::facts::{Fact, Facts};
use crate::model::text::NodeId;

/// The node that an order names, which may be none of those in the settings.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel::postgres) struct OrderNode<'a> {
    pub(in crate::kernel::postgres) view: PostgresView<'a>,
    pub(in crate::kernel::postgres) id: &'a NodeId,
    pub(in crate::kernel::postgres) server: Option<ServerView<'a>>,
}

impl<'a> OrderNode<'a> {
    pub(in crate::kernel::postgres) fn of(view: PostgresView<'a>, id: &'a NodeId) -> Self {
        Self { view, id, server: view.node(id) }
    }

    /// Where facts of the node were read.
    pub(in crate::kernel::postgres) fn source(&self) -> &'a str {
        let of_node = self.server.map(|server| server.node.source.as_str());
        of_node.unwrap_or(self.view.state.observation.source.as_str())
    }

    /// A fact of the node, judged; a node that is not configured has none.
    pub(in crate::kernel::postgres) fn judged<T>(
        &self,
        read: impl FnOnce(ServerView<'a>) -> Fact<T>,
        what: &str,
        judge: impl FnOnce(&T) -> Judged,
    ) -> Judged {
        let judged = match self.server {
            Some(server) => Judged::of(&read(server), &format!("{what} of {}", self.id), judge),
            None => Judged::unknown(format!("{} is not in the settings", self.id)),
        };
        judged.read_from(self.source())
    }

    /// A fact that has to be a certain flag.
    fn flag(&self, key: &str, what: &str, said: [&str; 2]) -> Judged {
        let [yes, no] = said;
        let judge = |is: &bool| Judged::known(*is, if *is { yes } else { no });
        self.judged(|server| server.node.facts.flag(key), what, judge).requires(yes)
    }

    /// A list of names that has to be empty.
    pub(super) fn nothing(&self, key: &'static str, what: &str, none: &str) -> Judged {
        let judge = |names: &Vec<String>| match names.as_slice() {
            [] => Judged::known(true, none),
            names => Judged::known(false, names.join(", ")),
        };
        self.judged(|server| server.names(key), what, judge).requires(none)
    }

    /// A number of which there has to be one at least.
    pub(super) fn at_least_one(&self, key: &'static str, what: &str) -> Judged {
        let judge = |free: &u64| Judged::known(*free > 0, format!("{free} {what}"));
        let read = |server: ServerView<'a>| server.node.facts.number(key);
        self.judged(read, what, judge).requires(format!("at least 1 of the {what}"))
    }

    /// What every order requires, in the order of the catalogue.
    pub(super) fn everywhere(&self) -> Vec<Check> {
        vec![
            self.configured(),
            self.reachable(),
            self.same_cluster(),
            self.not_restarted(),
            self.directly_connected(),
            self.rights_held(),
            self.no_other_authority(),
        ]
    }

    fn configured(&self) -> Check {
        let observed = format!("the nodes are {}", self.view.names());
        let judged = Judged::known(self.server.is_some(), observed)
            .requires(format!("{} among the nodes", self.id))
            .read_from(&self.view.state.observation.source);
        check(Rule::NodeConfigured, vec![judged])
    }

    fn reachable(&self) -> Check {
        let why = |facts: &Facts| {
            let since = facts.since(key::UNREACHABLE_SINCE, key::UNREACHABLE_WHY);
            since.map_or(String::new(), |since| format!(": {}", since.why))
        };
        let said = |node: &NodeState, is: bool| {
            if is {
                Judged::known(true, format!("{} answers", node.id))
            } else {
                let observed = format!("{} does not answer{}", node.id, why(&node.facts));
                let since = node.facts.instant(key::UNREACHABLE_SINCE);
                Judged { since, ..Judged::known(false, observed) }
            }
        };
        let node = self.server.map(|server| server.node);
        let judge = |is: &bool| {
            node.map_or_else(|| Judged::unknown("nobody was asked"), |node| said(node, *is))
        };
        let judged = self.judged(|server| server.node.reachable(), "whether it answers", judge);
        check(Rule::NodeReachable, vec![judged.requires("a node that answers")])
    }

    fn same_cluster(&self) -> Check {
        let ours = &self.view.state.identity.id;
        let judge = |own: &String| Judged::known(own == ours, format!("{} says {own}", self.id));
        let read = |server: ServerView<'a>| server.node.facts.text(key::SYSTEM_IDENTIFIER);
        let judged = self.judged(read, "the system identifier", judge);
        check(Rule::SameCluster, vec![judged.requires(format!("the system identifier {ours}"))])
    }

    /// That it is known is all that a state can say. The session of the order compares it with this one.
    fn not_restarted(&self) -> Check {
        let judge = |since: &String| {
            Judged::known(true, format!("the processes of {} run since {since}", self.id))
        };
        let read = |server: ServerView<'a>| server.node.facts.text(key::STARTED);
        let judged = self.judged(read, "since when the processes run", judge);
        check(Rule::NotRestarted, vec![judged.requires("an instant that is known")])
    }

    fn directly_connected(&self) -> Check {
        let said = ["the server of this address", "a pooler or a proxy, or another address of it"];
        let judged = self.flag(key::DIRECT, "what answers", said);
        check(Rule::DirectlyConnected, vec![judged])
    }

    fn rights_held(&self) -> Check {
        let judged =
            self.nothing(key::RIGHTS_MISSING, "what the role lacks", "no right is missing");
        check(Rule::RightsHeld, vec![judged])
    }

    fn no_other_authority(&self) -> Check {
        let judge = |names: &Vec<String>| match names.as_slice() {
            [] => Judged::known(true, "none"),
            names => Judged::known(false, names.join(", ")),
        };
        let of_cluster = self.view.state.facts.names(key::OTHER_AUTHORITY);
        let of_cluster = Judged::of(&of_cluster, "what acts on the cluster", judge)
            .read_from(&self.view.state.observation.source);
        let of_node = self.nothing(key::MARKS, "what shows another program", "none");
        let required = "no mark of another program";
        let both = [of_cluster, of_node].map(|judged| judged.requires(required));
        check(Rule::NoOtherAuthority, both.into())
    }

    /// What it is, where that has to be one of the two.
    fn role(&self, wanted: PostgresRole) -> Judged {
        let word = |role: PostgresRole| match role {
            PostgresRole::Primary => "primary",
            PostgresRole::Standby => "a standby",
        };
        let judge = |role: &PostgresRole| {
            Judged::known(*role == wanted, format!("{} is {}", self.id, word(*role)))
        };
        self.judged(ServerView::role, "the role", judge).requires(word(wanted))
    }

    pub(super) fn is_primary(&self) -> Check {
        check(Rule::IsPrimary, vec![self.role(PostgresRole::Primary)])
    }

    pub(in crate::kernel::postgres) fn is_standby(&self) -> Check {
        check(Rule::IsStandby, vec![self.role(PostgresRole::Standby)])
    }

    /// Who does not answer says nothing: it may be primary where nobody sees it.
    pub(super) fn one_primary(&self) -> Check {
        let judge = |names: &Vec<String>| {
            let is_only = names.as_slice() == [self.id.to_string()];
            let observed = match names.as_slice() {
                [] => "no node answers that it is primary".to_owned(),
                names => format!("{} answers that it is primary", names.join(" and ")),
            };
            Judged::known(is_only, observed)
        };
        let judged = Judged::of(&self.view.primaries(), "who is primary", judge)
            .requires(format!("{} and no other node", self.id))
            .read_from(&self.view.state.observation.source);
        check(Rule::OnePrimary, vec![judged])
    }
}
