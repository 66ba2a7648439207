//! Whether a standby may be promoted: what proves that it has every commit that was acknowledged, and what
//! proves that nobody else acknowledges any.
//!
//! There are three proofs and no fourth. Each is a list of requirements, read of one observation and of what
//! was attested with the request; one whose requirements all hold allows the promotion. Where none does, each
//! says what is missing, fact by fact. Nothing weighs them, and nothing overrides them (C2.2, C2.5).

mod contract;
mod stopped;

use super::checks::judged::{Judged, all, check, with_verdict};
use super::checks::subject::OrderNode;
use super::control_data::ControlData;
use super::spec::{CONTROL_DATA, NO_LOCAL_COMMITS, OLD_PRIMARY_OUT};
use super::spec::{PostgresInvariant as Rule, facts as key};
use super::view::{PostgresView, ServerView, wal_place};
use crate::model::attestation::{Attestation, Attested};
use crate::model::explanation::{Check, Verdict};
use crate::model::facts::{Fact, Position};
use crate::model::spec::AttestationSpec;
use crate::model::text::in_binary_units;

/// One way to prove that a promotion loses nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PromotionProof {
    /// What it rests on, as a clause that names it.
    pub(super) name: &'static str,
    /// What proves that the target has every acknowledged commit.
    pub(super) kept: Vec<Judged>,
    /// What proves that nobody else acknowledges any.
    pub(super) alone: Vec<Judged>,
}

impl PromotionProof {
    fn kept(&self) -> Verdict {
        all(&self.kept)
    }

    fn alone(&self) -> Verdict {
        all(&self.alone)
    }

    /// Whether every requirement holds.
    #[cfg(test)]
    fn holds(&self) -> bool {
        self.kept() == Verdict::Pass && self.alone() == Verdict::Pass
    }
}

/// Who is asked to become primary, and what is known of everybody.
#[derive(Clone, Copy)]
struct Candidacy<'a> {
    view: PostgresView<'a>,
    on: OrderNode<'a>,
    attested: &'a Attested,
}

/// Every proof that there is, judged in a state, in a fixed order.
pub(super) fn proofs(
    view: PostgresView<'_>,
    on: OrderNode<'_>,
    attested: &Attested,
) -> Vec<PromotionProof> {
    let of = Candidacy { view, on, attested };
    vec![of.by_barrier(), of.by_clean_stop(), of.by_contract()]
}

/// Every check of a promotion that is its own, in the order of the catalogue.
pub(super) fn checks(view: PostgresView<'_>, on: OrderNode<'_>, attested: &Attested) -> Vec<Check> {
    let of = Candidacy { view, on, attested };
    let proofs = proofs(view, on, attested);
    vec![
        on.is_standby(),
        check(Rule::NoPrimaryAnswers, vec![of.no_primary_answers()]),
        check(Rule::NotReceiving, vec![of.not_receiving()]),
        check(Rule::OnTimeline, of.on_timeline()),
        check(Rule::NoneFurther, of.none_further()),
        of.commits_kept(&proofs),
        no_other_writer(&proofs),
    ]
}

/// What is best of several proofs: one that holds is enough, and one that may hold leaves it open.
fn best(verdicts: impl Iterator<Item = Verdict> + Clone) -> Verdict {
    let any = |verdict| verdicts.clone().any(|one| one == verdict);
    if any(Verdict::Pass) {
        Verdict::Pass
    } else if any(Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::Fail
    }
}

/// Requirements as evidence, each under the name of its proof. Of a check that passes, only the proofs that
/// hold are shown: they are what it rests on.
fn evidence(
    proofs: &[PromotionProof],
    verdict: Verdict,
    part: impl Fn(&PromotionProof) -> &Vec<Judged>,
) -> Vec<Judged> {
    let is_shown =
        |proof: &&PromotionProof| verdict != Verdict::Pass || all(part(proof)) == verdict;
    let named = |proof: &PromotionProof| -> Vec<Judged> {
        let name = proof.name;
        let one = |judged: &Judged| {
            let Judged { verdict, observed, required, .. } = judged;
            let observed = format!("{name}: {observed} ({})", verdict.word());
            Judged { observed, required: format!("{name}: {required}"), ..judged.clone() }
        };
        part(proof).iter().map(one).collect()
    };
    proofs.iter().filter(is_shown).flat_map(named).collect()
}

/// The proofs that can still allow it: those that show that everything is kept, else all of them.
fn no_other_writer(proofs: &[PromotionProof]) -> Check {
    let keeps: Vec<PromotionProof> =
        proofs.iter().filter(|proof| proof.kept() == Verdict::Pass).cloned().collect();
    let open = if keeps.is_empty() { proofs } else { keeps.as_slice() };
    let verdict = best(open.iter().map(PromotionProof::alone));
    with_verdict(Rule::NoOtherWriter, verdict, evidence(open, verdict, |proof| &proof.alone))
}

impl<'a> Candidacy<'a> {
    fn commits_kept(&self, proofs: &[PromotionProof]) -> Check {
        let verdict = best(proofs.iter().map(PromotionProof::kept));
        let mut judged = evidence(proofs, verdict, |proof| &proof.kept);
        if verdict != Verdict::Pass {
            judged.push(self.loss());
        }
        with_verdict(Rule::CommitsKept, verdict, judged)
    }

    /// What would be lost at least, by everything that says how far anybody had written. How much more it
    /// would be nobody knows.
    fn loss(&self) -> Judged {
        let own = self.on.server.map(ServerView::flushed);
        let own = own.as_ref().and_then(Fact::known).copied();
        let further = |at: Position| {
            let own = own.filter(|own| own.branch == at.branch)?;
            at.offset.checked_sub(own.offset).filter(|bytes| *bytes > 0)
        };
        let observed = match self.furthest().into_iter().filter_map(further).max() {
            Some(bytes) => {
                format!("{} at least would be lost", in_binary_units(bytes))
            }
            None => "how much would be lost is not known, not even at least".to_owned(),
        };
        Judged::unknown(observed).requires("nothing that is lost").read_from(
            "every node that was read, what was last read of the others, and the request",
        )
    }

    /// How far anybody is known to have written: a lower bound, and never what there is now.
    fn furthest(&self) -> Vec<Position> {
        let read = self.view.nodes().filter_map(|server| server.flushed().known_or_last().copied());
        let attested = self.control_data().and_then(|(data, _)| data.ok());
        let attested =
            attested.map(|data| Position { branch: data.timeline, offset: data.checkpoint });
        read.chain(attested).collect()
    }

    fn no_primary_answers(&self) -> Judged {
        let judge = |names: &Vec<String>| match names.as_slice() {
            [] => Judged::known(true, "no node answers that it is primary"),
            names => Judged::known(false, format!("{} answers that it is", names.join(" and "))),
        };
        Judged::of(&self.view.primaries(), "who is primary", judge)
            .requires("no node that answers that it is primary")
            .read_from(&self.view.state.observation.source)
    }

    fn not_receiving(&self) -> Judged {
        let judge = |state: &Option<String>| match state {
            None => Judged::known(true, format!("{} has no receiver", self.on.id)),
            Some(state) => Judged::known(false, format!("its receiver is {state}")),
        };
        self.on.judged(ServerView::receiver, "the receiver", judge).requires("no receiver")
    }

    fn on_timeline(&self) -> Vec<Judged> {
        let of_cluster = self.view.state.facts.number(key::TIMELINE);
        let timeline = Judged::of(&of_cluster, "the timeline of the cluster", |newest| {
            self.on.judged(ServerView::timeline, "the timeline", |own| {
                let observed =
                    format!("{} is on timeline {own}, the cluster on {newest}", self.on.id);
                Judged::known(own == newest, observed)
            })
        })
        .requires("the timeline of the cluster")
        .read_from(self.on.source());
        let judge = |is: &bool| {
            let observed = if *is { "it holds WAL beyond a fork" } else { "nothing beyond a fork" };
            Judged::known(!is, observed)
        };
        let read = |server: ServerView<'a>| server.node.facts.flag(key::DIVERGED);
        let diverged = self.on.judged(read, "whether it is diverged", judge);
        vec![timeline, diverged.requires("nothing beyond a fork"), self.branch()]
    }

    /// Where this control plane keeps no names of branches the facts are absent, and nothing is compared.
    fn branch(&self) -> Judged {
        let facts = &self.view.state.facts;
        if facts.get(key::BRANCH_ID).is_none() {
            return Judged::known(true, "no branch has a name on these servers")
                .requires("a name, where branches have names")
                .read_from(&self.view.state.observation.source);
        }
        let newest = facts.text_or_none(key::BRANCH_ID);
        Judged::of(&newest, "the branch of the cluster", |newest| {
            let read = |server: ServerView<'a>| server.text_or_none(key::NODE_BRANCH);
            self.on.judged(read, "the branch", |own| match (own, newest) {
                (Some(own), Some(newest)) => {
                    Judged::known(own == newest, format!("{} is on the branch {own}", self.on.id))
                }
                (Some(own), None) => Judged::known(false, format!("it is on the branch {own}")),
                (None, Some(_)) => Judged::known(false, "it does not hold the name of the branch"),
                // Two promotions make two timelines of one number, and without a name nobody tells
                // them apart. The first timeline is one.
                (None, None) => self.first_timeline(),
            })
        })
        .requires("the branch of the cluster, by its name; none on the first timeline")
        .read_from(self.on.source())
    }

    fn first_timeline(&self) -> Judged {
        self.on.judged(ServerView::timeline, "the timeline", |timeline| match timeline {
            1 => Judged::known(true, "the first timeline, which has no name"),
            _ => Judged::unknown(format!("nobody named the branch of timeline {timeline}")),
        })
    }

    /// Every node that answers. One on an earlier timeline has nothing that this one lacks, or is beyond a
    /// fork with what no proof speaks of.
    fn none_further(&self) -> Vec<Judged> {
        let others = self.view.nodes().filter(|server| server.id() != self.on.id);
        let judged: Vec<Judged> = others
            .filter(|server| server.node.reachable() != Fact::Known(false))
            .map(|other| self.is_no_further(other))
            .collect();
        if judged.is_empty() {
            let alone = Judged::known(true, "no other node answers");
            return vec![
                alone.requires("no further node").read_from(&self.view.state.observation.source),
            ];
        }
        judged
    }

    fn is_no_further(&self, other: ServerView<'a>) -> Judged {
        let id = other.id();
        self.on
            .judged(ServerView::flushed, "the end of the WAL", |own| {
                Judged::of(&other.flushed(), &format!("the end of the WAL of {id}"), |at| {
                    let observed = format!(
                        "{id} is at {}, {} at {}",
                        wal_place(*at),
                        self.on.id,
                        wal_place(*own)
                    );
                    let holds = at.branch < own.branch
                        || (at.branch == own.branch && at.offset <= own.offset);
                    Judged::known(holds, observed)
                })
            })
            .requires("no more than the target has")
            .read_from(&other.node.source)
    }

    fn attested(&self, spec: &AttestationSpec) -> Option<&'a Attestation> {
        self.attested.get(spec.key)
    }

    /// What was pasted of the old primary, with who gave it.
    fn control_data(&self) -> Option<(Result<ControlData, String>, &'a Attestation)> {
        let given = self.attested(&CONTROL_DATA)?;
        Some((ControlData::parse(&given.value), given))
    }

    /// A requirement of the control data; what nobody attested is unknown (C6.1).
    fn of_control_data(
        &self,
        required: impl Into<String>,
        judge: impl FnOnce(&ControlData) -> Judged,
    ) -> Judged {
        let judged = match self.control_data() {
            None => Judged::unknown("nobody attested the control data of the old primary")
                .read_from("the request"),
            Some((Err(why), given)) => {
                let observed = format!("what was pasted is no control data: {why}");
                Judged::known(false, observed).read_from(given.source())
            }
            Some((Ok(data), given)) => judge(&data).read_from(given.source()),
        };
        judged.requires(required)
    }

    /// A statement that somebody attested. It is worth nothing against what is observed (C2.5).
    fn statement(&self, spec: &AttestationSpec, contradicted: Option<String>) -> Judged {
        let judged = match (self.attested(spec), contradicted) {
            (_, Some(observed)) => {
                Judged::known(false, observed).read_from(&self.view.state.observation.source)
            }
            (Some(given), None) => Judged::known(true, spec.label).read_from(given.source()),
            (None, None) => Judged::unknown("nobody attested it").read_from("the request"),
        };
        judged.requires(spec.label)
    }

    /// That the old primary is out, which a primary that answers contradicts, and so does whoever still sends
    /// WAL to the target.
    fn old_primary_out(&self) -> Judged {
        let primaries = self.view.primaries();
        let answers = primaries.known().filter(|names| !names.is_empty());
        let answers =
            answers.map(|names| format!("{} answers that it is primary", names.join(" and ")));
        let receiver = self.on.server.map(ServerView::receiver);
        let sends = receiver.as_ref().and_then(Fact::known).and_then(Option::as_ref);
        let sends = sends.map(|state| format!("the receiver of {} is {state}", self.on.id));
        self.statement(&OLD_PRIMARY_OUT, answers.or(sends))
    }

    fn no_local_commits(&self) -> Judged {
        self.statement(&NO_LOCAL_COMMITS, None)
    }
}

#[cfg(test)]
mod tests;
