//! The proof that needs nothing of the old primary: so many standbys of a sync contract are detached that no
//! commit can be acknowledged under it any more, and the target has as much as any of them.

use super::{Candidacy, PromotionProof};
use crate::kernel::postgres::checks::judged::Judged;
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::sync_rule::SyncRule;
use crate::kernel::postgres::view::{PostgresRole, ServerView, wal_place};
use crate::model::explanation::Verdict;
use crate::model::facts::Fact;

/// A named standby, as far as it is known to take no more WAL.
struct NamedStandby<'a> {
    name: &'a str,
    server: Option<ServerView<'a>>,
    detached: Judged,
}

impl<'a> Candidacy<'a> {
    pub(super) fn by_contract(&self) -> PromotionProof {
        let contract = self.contract();
        let mut kept =
            vec![self.stands(&contract), self.not_ended(), self.of_this_timeline(), self.newest()];
        let mut positions = Vec::new();
        let detached = Judged::of(&contract, "which contract stands", |contract| {
            let rule = match contract.as_ref().map(|text| SyncRule::parse(text)) {
                None => return Judged::known(false, "without a contract nobody is counted"),
                Some(Err(why)) => {
                    return Judged::unknown(format!("the contract is not read: {why}"));
                }
                Some(Ok(rule)) => rule,
            };
            let named = self.named(&rule);
            positions = self.positions(&named);
            Self::enough(&rule, &named)
        });
        kept.append(&mut positions);
        let required = "so many detached standbys that no commit can be acknowledged without one";
        let detached = detached.requires(required).read_from(&self.view.state.observation.source);
        kept.push(detached.clone());
        let alone = vec![detached, self.old_primary_out(), self.no_local_commits()];
        PromotionProof { name: "by a sync contract", kept, alone }
    }

    fn contract(&self) -> Fact<Option<String>> {
        match self.on.server {
            Some(server) => server.text_or_none(key::NODE_CONTRACT),
            None => Fact::unknown(self.view.state.observation.observed_at, "it is no node"),
        }
    }

    fn stands(&self, contract: &Fact<Option<String>>) -> Judged {
        let what = format!("which contract {} holds", self.on.id);
        Judged::of(contract, &what, |contract| match contract {
            None => Judged::known(false, format!("{} holds no contract that stands", self.on.id)),
            Some(rule) => Judged::known(true, format!("{} holds the contract {rule}", self.on.id)),
        })
        .requires("a contract that stands")
        .read_from(self.on.source())
    }

    /// A contract of an earlier timeline was promised by another primary.
    fn of_this_timeline(&self) -> Judged {
        let read =
            |server: ServerView<'a>| server.node.facts.number_or_none(key::CONTRACT_TIMELINE);
        self.on
            .judged(ServerView::timeline, "the timeline", |own| {
                self.on.judged(read, "the timeline of the contract", |declared| match declared {
                    Some(timeline) => Judged::known(
                        timeline == own,
                        format!("the contract is of timeline {timeline}"),
                    ),
                    // Before the first branch has a name there was no other one.
                    None => {
                        Judged::known(*own == 1, "the contract is from before the first promotion")
                    }
                })
            })
            .requires("a contract that was declared on the timeline of the target")
    }

    /// Its end was never sent, whether or not a node says so: the rule may have been relaxed since.
    fn not_ended(&self) -> Judged {
        let read = |server: ServerView<'a>| server.node.facts.number_or_none(key::CONTRACT_NUMBER);
        let ended = self.view.state.facts.number_or_none(key::CONTRACT_ENDED);
        Judged::of(&ended, "which contracts have ended", |ended| {
            self.on.judged(read, "the number of its contract", |own| match (own, ended) {
                (Some(own), Some(ended)) if own <= ended => {
                    let observed = format!("contract {own} has ended, or its end was sent");
                    Judged::known(false, observed)
                }
                (Some(own), _) => {
                    Judged::known(true, format!("the end of contract {own} was never sent"))
                }
                (None, _) => Judged::known(false, "there is no contract"),
            })
        })
        .requires("a contract whose end was never sent")
        .read_from(&self.view.state.observation.source)
    }

    /// No node that can be read holds a newer contract, or the end of this one.
    fn newest(&self) -> Judged {
        let read = |server: ServerView<'a>| server.node.facts.number_or_none(key::CONTRACT_NUMBER);
        let others = || {
            self.view
                .nodes()
                .filter(|server| server.id() != self.on.id)
                .filter(|server| server.node.reachable() != Fact::Known(false))
        };
        self.on
            .judged(read, "the number of its contract", |own| {
                for other in others() {
                    let what = format!("the contract of {}", other.id());
                    let same = Judged::of(&read(other), &what, |number| {
                        if number < own {
                            return Judged::known(true, "an older one");
                        }
                        let is_same_number = number == own;
                        self.is_same_rule(other, is_same_number)
                    });
                    if same.verdict != Verdict::Pass {
                        return same;
                    }
                }
                Judged::known(true, "no node that was read holds a newer one, or its end")
            })
            .requires("the newest contract of every node that can be read")
            .read_from(&self.view.state.observation.source)
    }

    /// Whether a node holds the rule of the target under the number of the target.
    fn is_same_rule(&self, other: ServerView<'a>, is_same_number: bool) -> Judged {
        let id = other.id();
        let what = format!("the contract of {id}");
        Judged::of(&self.contract(), "the contract of the target", |own| {
            Judged::of(&other.text_or_none(key::NODE_CONTRACT), &what, |rule| {
                let observed = format!("{id} holds another contract, or its end");
                Judged::known(is_same_number && rule == own && rule.is_some(), observed)
            })
        })
    }

    /// Every named standby, read or not.
    fn named<'r>(&self, rule: &'r SyncRule) -> Vec<NamedStandby<'r>>
    where
        'a: 'r,
    {
        let one = |name: &'r String| {
            let is_it = |server: &ServerView<'a>| server.id().as_str().eq_ignore_ascii_case(name);
            let server = self.view.nodes().find(is_it);
            let detached = server.map_or_else(
                || Judged::unknown(format!("{name} is not in the settings")),
                |server| self.detached(server),
            );
            NamedStandby { name, server, detached }
        };
        rule.names.iter().map(one).collect()
    }

    /// Whether a node takes no WAL from anybody, now and after a restart, and holds the contract of the
    /// target.
    fn detached(&self, server: ServerView<'a>) -> Judged {
        let id = server.id();
        let none = |fact: &Fact<Option<String>>, what: &str, is: &str| {
            Judged::of(fact, &format!("{what} of {id}"), |value| match value {
                None => Judged::known(true, format!("{id} has no {what}")),
                Some(value) => Judged::known(false, format!("{what} of {id} {is} {value}")),
            })
        };
        let role = Judged::of(&server.role(), &format!("the role of {id}"), |role| {
            Judged::known(*role == PostgresRole::Standby, format!("{id} is no standby"))
        });
        let number = |of: ServerView<'a>| of.node.facts.number_or_none(key::CONTRACT_NUMBER);
        let contract = self.on.judged(number, "the contract", |own| {
            Judged::of(&number(server), &format!("the contract of {id}"), |number| {
                Judged::known(number == own, format!("{id} holds another contract"))
            })
        });
        let timeline = self.on.judged(ServerView::timeline, "the timeline", |own| {
            Judged::of(&server.timeline(), &format!("the timeline of {id}"), |timeline| {
                Judged::known(timeline == own, format!("{id} is on timeline {timeline}"))
            })
        });
        let all = [
            role,
            none(&server.receiver(), "receiver", "is"),
            none(&server.text_or_none(key::UPSTREAM), "upstream", "is"),
            none(&server.text_or_none(key::UPSTREAM_WRITTEN), "written upstream", "is"),
            contract,
            timeline,
        ];
        let first = |verdict| all.iter().find(|judged| judged.verdict == verdict).cloned();
        let against = first(Verdict::Fail).or_else(|| first(Verdict::Unknown));
        against.unwrap_or_else(|| Judged::known(true, format!("{id} is detached")))
    }

    /// All but so few that a commit needs one of those that are detached. Who is not read is not counted.
    fn enough(rule: &SyncRule, named: &[NamedStandby<'_>]) -> Judged {
        let Some(covering) = rule.covering() else {
            return Judged::known(false, "nobody can say who has to be detached under that rule");
        };
        let count = |verdict| named.iter().filter(|one| one.detached.verdict == verdict).count();
        let (detached, unread) = (count(Verdict::Pass), count(Verdict::Unknown));
        let others: Vec<&str> = named
            .iter()
            .filter(|one| one.detached.verdict != Verdict::Pass)
            .map(|one| one.detached.observed.as_str())
            .collect();
        let others = if others.is_empty() { "nobody else".to_owned() } else { others.join(", ") };
        let of = named.len();
        let observed = format!("{detached} of {of} are detached, {covering} are needed; {others}");
        if detached >= covering {
            Judged::known(true, observed)
        } else if detached + unread >= covering {
            Judged::unknown(observed)
        } else {
            Judged::known(false, observed)
        }
    }

    /// The target has as much as each detached standby. Those that are not read prove nothing, and are not
    /// counted above.
    fn positions(&self, named: &[NamedStandby<'_>]) -> Vec<Judged> {
        let is_counted = |one: &&NamedStandby<'_>| one.detached.verdict == Verdict::Pass;
        let judge = |one: &NamedStandby<'_>| {
            let server = one.server?;
            let name = one.name;
            let judged = self.on.judged(ServerView::flushed, "the end of the WAL", |own| {
                Judged::of(&server.flushed(), &format!("the end of the WAL of {name}"), |at| {
                    let holds = at.branch == own.branch && at.offset <= own.offset;
                    let observed = format!(
                        "{name} is at {}, {} at {}",
                        wal_place(*at),
                        self.on.id,
                        wal_place(*own)
                    );
                    Judged::known(holds, observed)
                })
            });
            let judged = judged.requires("no more than the target has");
            Some(judged.read_from(&server.node.source))
        };
        named.iter().filter(is_counted).filter_map(judge).collect()
    }
}
