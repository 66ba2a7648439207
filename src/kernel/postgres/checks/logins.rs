//! What is required of logins, sessions and the branch.

use super::judged::{Judged, check};
use super::subject::OrderNode;
use crate::kernel::postgres::spec::{PostgresInvariant as Rule, facts as key};
use crate::model::explanation::Check;
use crate::model::text::PlaceName;

impl OrderNode<'_> {
    pub(super) fn roles_as_confirmed(&self) -> Check {
        let judge = |roles: &Vec<String>| match roles.as_slice() {
            [] => Judged::known(false, "no application role can log in"),
            roles => Judged::known(true, format!("{} can log in", roles.join(", "))),
        };
        let judged = self.judged(|s| s.names(key::LOGIN_ROLES), "which roles can log in", judge);
        let judged = judged.requires("application roles that can log in, named by the effect");
        check(Rule::RolesAsConfirmed, vec![judged])
    }

    fn stopped(&self) -> Judged {
        let judge = |roles: &Vec<String>| match roles.as_slice() {
            [] => Judged::known(false, "no login is stopped"),
            roles => Judged::known(true, format!("the logins of {} are stopped", roles.join(", "))),
        };
        self.judged(|s| s.names(key::STOPPED_LOGINS), "which logins are stopped", judge)
            .requires("logins that an operator stopped")
    }

    /// That no application role that came since then can log in.
    fn nobody_logs_in(&self) -> Judged {
        let judge = |roles: &Vec<String>| match roles.as_slice() {
            [] => Judged::known(true, "no application role can log in"),
            roles => Judged::known(false, format!("{} can log in", roles.join(", "))),
        };
        self.judged(|s| s.names(key::LOGIN_ROLES), "which roles can log in", judge)
            .requires("no application role that can log in")
    }

    pub(super) fn some_logins_stopped(&self) -> Check {
        check(Rule::LoginsStopped, vec![self.stopped()])
    }

    pub(super) fn all_logins_stopped(&self) -> Check {
        check(Rule::LoginsStopped, self.no_client_logs_in())
    }

    /// The same as requirements of a larger proof.
    pub(in crate::kernel::postgres) fn no_client_logs_in(&self) -> Vec<Judged> {
        vec![self.stopped(), self.nobody_logs_in()]
    }

    pub(super) fn sessions_ended(&self) -> Check {
        let none = |key: &'static str, what: &str| {
            let judge = |count: &u64| Judged::known(*count == 0, format!("{count} {what}"));
            self.judged(|s| s.node.facts.number(key), &format!("the number of {what}"), judge)
                .requires(format!("0 {what}"))
        };
        let judged = vec![
            none(key::SESSIONS_OF_STOPPED, "sessions of stopped roles"),
            none(key::SESSIONS_COUNT, "sessions of clients"),
        ];
        check(Rule::SessionsEnded, judged)
    }

    pub(super) fn nothing_prepared(&self) -> Check {
        let none = "no prepared transaction";
        let judged = self.nothing(key::PREPARED, "which transactions are prepared", none);
        check(Rule::NothingPrepared, vec![judged])
    }

    pub(super) fn branch_unnamed(&self) -> Check {
        let judge = |name: &Option<String>| match name {
            None => Judged::known(true, "the branch has no name"),
            Some(name) => Judged::known(false, format!("the branch is named {name}")),
        };
        let named = self.view.state.facts.text_or_none(key::BRANCH_ID);
        let judged = Judged::of(&named, "the name of the branch", judge)
            .requires("no name yet")
            .read_from(&self.view.state.observation.source);
        check(Rule::BranchUnnamed, vec![judged])
    }

    /// A session that is not listed is unknown where the list cannot be whole: the node does not answer.
    pub(super) fn session_known(&self, session: &PlaceName) -> Check {
        let server = self.server.filter(|server| server.answers());
        let item = server.map(|server| server.item(key::SESSION, session.as_str()).is_some());
        let judged = match item {
            Some(true) => Judged::known(true, format!("{} has the session {session}", self.id)),
            Some(false) => Judged::known(false, format!("{} shows no such session", self.id)),
            None => Judged::unknown(format!("{} was not read", self.id)),
        };
        let judged = judged.requires(format!("the session {session}")).read_from(self.source());
        check(Rule::SessionKnown, vec![judged])
    }

    pub(super) fn session_not_superuser(&self, session: &PlaceName) -> Check {
        let item = self.server.and_then(|server| server.item(key::SESSION, session.as_str()));
        let judge = |is: &bool| {
            let observed = if *is { "of a superuser" } else { "not of a superuser" };
            Judged::known(!is, observed)
        };
        let judged = match item.map(|item| item.facts.flag(key::SESSION_SUPERUSER)) {
            Some(fact) => Judged::of(&fact, "whose session it is", judge),
            None => Judged::unknown(format!("{} shows no such session", self.id)),
        };
        let judged = judged.requires("not of a superuser").read_from(self.source());
        check(Rule::SessionNotSuperuser, vec![judged])
    }
}
