//! What is required of settings: which standbys a commit waits for, whom a node follows, what a reload brings.

use super::judged::{Judged, check};
use super::subject::OrderNode;
use crate::kernel::postgres::spec::settings::may_be_written;
use crate::kernel::postgres::spec::{NONE_WORD, PostgresInvariant as Rule, facts as key};
use crate::kernel::postgres::sync_rule::SyncRule;
use crate::kernel::postgres::view::{PostgresRole, ServerView};
use crate::model::explanation::Check;
use crate::model::facts::Fact;
use crate::model::text::{NodeId, PlaceName};

/// A rule in words.
fn words(rule: Option<&String>) -> &str {
    rule.map_or("no synchronous standbys", String::as_str)
}

impl<'a> OrderNode<'a> {
    pub(super) fn rule_can_be_met(&self, rule: &str) -> Check {
        let judged = match SyncRule::parse_wanted(rule) {
            Err(_) => Judged::unknown("it is no rule, so nobody knows what would meet it"),
            Ok(None) => Judged::known(true, "no commit waits"),
            Ok(Some(rule)) => self.can_meet(&rule),
        };
        let required = "as many other configured nodes as a commit waits for, each by its name";
        let judged = judged.requires(required).read_from("the request and the settings");
        check(Rule::RuleCanBeMet, vec![judged])
    }

    /// Whether a rule names configured nodes only, and enough of them beside this one.
    fn can_meet(&self, rule: &SyncRule) -> Judged {
        let is_node = |name: &&String| {
            self.view.nodes().any(|server| server.id().as_str().eq_ignore_ascii_case(name))
        };
        let strange: Vec<&str> =
            rule.names.iter().filter(|name| !is_node(name)).map(String::as_str).collect();
        if !strange.is_empty() {
            return Judged::known(false, format!("{} is no configured node", strange.join(", ")));
        }
        let is_other = |name: &&String| !name.eq_ignore_ascii_case(self.id.as_str());
        let others = rule.names.iter().filter(is_other).count();
        let observed =
            format!("a commit waits for {}, and {others} other nodes are named", rule.waits_for);
        Judged::known(rule.waits_for <= others, observed)
    }

    /// On a primary enough of the named have to stream; a standby waits for nobody.
    fn streams_enough(&self, server: ServerView<'a>, rule: Option<&SyncRule>) -> Judged {
        let Some(rule) = rule else { return Judged::known(true, "no commit waits") };
        Judged::of(&server.role(), &format!("the role of {}", self.id), |role| match role {
            PostgresRole::Standby => {
                Judged::known(true, format!("{} is a standby, and commits nothing", self.id))
            }
            PostgresRole::Primary => Judged::of(&server.streaming(rule), "who streams", |count| {
                let observed = format!(
                    "{count} of the named stream from {}, and a commit waits for {}",
                    self.id, rule.waits_for
                );
                Judged::known(*count >= rule.waits_for, observed)
            }),
        })
    }

    fn stream_check(&self, judged: Judged) -> Check {
        let required = "on a primary, as many named standbys that stream as a commit waits for";
        check(Rule::NamedStream, vec![judged.requires(required).read_from(self.source())])
    }

    pub(super) fn named_stream(&self, rule: &str) -> Check {
        let judged = match (SyncRule::parse_wanted(rule), self.server) {
            (Ok(rule), Some(server)) => self.streams_enough(server, rule.as_ref()),
            (Err(_), _) => Judged::unknown("it is no rule, so it names nobody"),
            (_, None) => Judged::unknown(format!("{} is not in the settings", self.id)),
        };
        self.stream_check(judged)
    }

    /// Only a rule that comes into force is judged: what is in force already holds commits or does not.
    pub(super) fn named_stream_after_reload(&self) -> Check {
        let judged = self.comes_into_force(|server, rule, is_new| {
            let Some(text) = rule.filter(|_| is_new) else {
                let observed = if is_new { "no commit waits" } else { "the rule stays" };
                return Judged::known(true, observed);
            };
            match SyncRule::parse(text) {
                Ok(rule) => self.streams_enough(server, Some(&rule)),
                Err(why) => Judged::unknown(format!("{text} is not read: {why}")),
            }
        });
        self.stream_check(judged)
    }

    /// What is said of the rule that a reload brings into force, and whether it is another one.
    fn comes_into_force(
        &self,
        judge: impl FnOnce(ServerView<'a>, Option<&String>, bool) -> Judged,
    ) -> Judged {
        let Some(server) = self.server else {
            return Judged::unknown(format!("{} is not in the settings", self.id));
        };
        let (now, later) =
            (server.text_or_none(key::SYNC_RULE), server.text_or_none(key::SYNC_RULE_WRITTEN));
        Judged::of(&now, "the rule in force", |now| {
            Judged::of(&later, "the rule in the files", |later| {
                judge(server, later.as_ref(), now != later)
            })
        })
    }

    /// Where the rule stays as it is no contract is touched, whichever one stands: a standby is detached while
    /// nobody answers who could say.
    pub(super) fn contract_kept(&self) -> Check {
        let judged = self.comes_into_force(|_, rule, is_new| {
            if !is_new {
                return Judged::known(true, "no other rule comes into force");
            }
            Judged::of(&self.view.contract(), "which contract stands", |contract| {
                let Some(contract) = contract else {
                    return Judged::known(true, "no contract stands");
                };
                let observed =
                    format!("{} comes into force, and the contract is {contract}", words(rule));
                Judged::known(rule == Some(contract), observed)
            })
        });
        let required = "the rule of the contract, or no other rule than now";
        check(Rule::ContractKept, vec![judged.requires(required).read_from(self.source())])
    }

    pub(super) fn nothing_else_pending(&self) -> Check {
        let judge = |names: &Vec<String>| {
            let observed = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            Judged::known(true, format!("{observed} comes into force"))
        };
        let pending = self.judged(|s| s.names(key::PENDING), "what comes into force", judge);
        let rule = self.judged(
            |s| s.text_or_none(key::SYNC_RULE_WRITTEN),
            "the rule in the files",
            |rule| Judged::known(true, format!("the files say {}", words(rule.as_ref()))),
        );
        let upstream = self.judged(
            |s| s.text_or_none(key::UPSTREAM_WRITTEN),
            "the upstream in the files",
            |upstream| {
                let upstream = upstream.as_deref().unwrap_or("nobody");
                Judged::known(true, format!("the files name {upstream} as the upstream"))
            },
        );
        let all = [pending, rule, upstream];
        let all = all.map(|judged| judged.requires("known, and bound to the confirmation"));
        check(Rule::NothingElsePending, all.into())
    }

    pub(super) fn settings_readable(&self) -> Check {
        let none = "no error in the files";
        let judged = self.nothing(key::SETTINGS_ERROR, "whether the files can be read", none);
        check(Rule::SettingsReadable, vec![judged])
    }

    pub(super) fn sync_set_satisfied(&self) -> Check {
        let judged = match self.server {
            None => Judged::unknown(format!("{} is not in the settings", self.id)),
            Some(server) => {
                let rule = server.text_or_none(key::SYNC_RULE);
                Judged::of(&rule, "the rule in force", |rule| self.is_met(server, rule.as_ref()))
            }
        };
        let required = "as many synchronous standbys that stream as a commit waits for";
        check(Rule::SyncSetSatisfied, vec![judged.requires(required).read_from(self.source())])
    }

    fn is_met(&self, server: ServerView<'a>, rule: Option<&String>) -> Judged {
        let Some(text) = rule else {
            return Judged::known(false, "no synchronous standbys are in force");
        };
        let rule = match SyncRule::parse(text) {
            Ok(rule) => rule,
            Err(why) => return Judged::unknown(format!("{text} is not read: {why}")),
        };
        Judged::of(&server.synchronous(), "which standbys are synchronous", |count| {
            let observed =
                format!("{text} waits for {}, and {count} stream from {}", rule.waits_for, self.id);
            Judged::known(*count >= rule.waits_for, observed)
        })
    }

    pub(super) fn contract_joint(&self) -> Check {
        let standing =
            Judged::of(&self.view.contract(), "which contract stands", |contract| match contract {
                None => Judged::known(true, "no contract stands"),
                Some(rule) => Judged::known(false, format!("a contract stands: {rule}")),
            });
        let standing = standing
            .requires("no contract that stands")
            .read_from(&self.view.state.observation.source);
        let named = self.judged(
            |server| server.text_or_none(key::SYNC_RULE),
            "the rule in force",
            |rule| match rule.as_ref().map(|text| SyncRule::parse(text)) {
                None => Judged::known(false, "no synchronous standbys are in force"),
                Some(Err(why)) => Judged::unknown(format!("the rule in force is not read: {why}")),
                Some(Ok(rule)) => self.can_meet(&rule),
            },
        );
        let named = named.requires("a rule that configured nodes can meet, each by its name");
        check(Rule::ContractJoint, vec![standing, named])
    }

    pub(super) fn rule_as_contract(&self) -> Check {
        let judged = Judged::of(&self.view.contract(), "which contract stands", |contract| {
            let Some(contract) = contract else {
                return Judged::known(false, "no contract stands");
            };
            self.judged(
                |server| server.text_or_none(key::SYNC_RULE),
                "the rule in force",
                |rule| {
                    let observed =
                        format!("in force is {}, the contract is {contract}", words(rule.as_ref()));
                    Judged::known(rule.as_ref() == Some(contract), observed)
                },
            )
        });
        let judged = judged.requires("the rule of the contract in force").read_from(self.source());
        check(Rule::RuleAsContract, vec![judged])
    }

    pub(super) fn conninfo_without_secret(&self) -> Check {
        let judge = |is: &bool| {
            let observed = if *is { "primary_conninfo holds a password" } else { "no password" };
            Judged::known(!is, observed)
        };
        let read = |server: ServerView<'a>| server.node.facts.flag(key::UPSTREAM_SECRET);
        let judged = self.judged(read, "whether the upstream holds a password", judge);
        check(Rule::ConninfoWithoutSecret, vec![judged.requires("no password")])
    }

    pub(super) fn upstream_configured(&self, upstream: &PlaceName) -> Check {
        let judged = match upstream_node(upstream) {
            None => Judged::known(true, "nobody"),
            Some(Err(observed)) => Judged::known(false, observed),
            Some(Ok(node)) if node == *self.id => {
                Judged::known(false, format!("{node} is the node itself"))
            }
            Some(Ok(node)) => {
                let is_there = self.view.node(&node).is_some();
                let observed = format!("the nodes are {}", self.view.names());
                Judged::known(is_there, observed)
            }
        };
        let judged = judged.requires("another configured node, or none").read_from("the settings");
        check(Rule::UpstreamConfigured, vec![judged])
    }

    /// The chain of what is in force and the chain of what is written, from the upstream on.
    pub(super) fn no_cycle(&self, upstream: &PlaceName) -> Check {
        let judged = match upstream_node(upstream) {
            None => vec![Judged::known(true, "it follows nobody")],
            Some(Err(observed)) => vec![Judged::unknown(observed)],
            // Its standbys follow it until it is one of them, and it follows nobody until then: this is how a
            // switchover is prepared while the primary can still be told.
            Some(Ok(node)) if node != *self.id && self.is_known_primary() => {
                let observed = format!("{} is primary, and follows nobody", self.id);
                vec![Judged::known(true, observed)]
            }
            Some(Ok(node)) => {
                [key::UPSTREAM, key::UPSTREAM_WRITTEN].map(|key| self.chain(&node, key)).into()
            }
        };
        let source = &self.view.state.observation.source;
        let required = format!("a chain that ends before it comes back to {}", self.id);
        let judged = judged.into_iter().map(|one| one.requires(&required).read_from(source));
        check(Rule::NoCycle, judged.collect())
    }

    fn is_known_primary(&self) -> bool {
        self.server.map(ServerView::role) == Some(Fact::Known(PostgresRole::Primary))
    }

    fn chain(&self, first: &NodeId, key: &'static str) -> Judged {
        let mut seen = vec![self.id.clone()];
        let mut next = first.clone();
        loop {
            let is_back = seen.contains(&next);
            seen.push(next.clone());
            let path: Vec<&str> = seen.iter().map(NodeId::as_str).collect();
            let path = path.join(" follows ");
            if is_back {
                return Judged::known(false, path);
            }
            let Some(server) = self.view.node(&next) else {
                return Judged::unknown(format!("{path}, which is not in the settings"));
            };
            // A primary takes WAL from nobody, whatever stands in its files.
            if server.role() == Fact::Known(PostgresRole::Primary) {
                return Judged::known(true, format!("{path}, which is primary"));
            }
            match server.text_or_none(key) {
                Fact::Known(None) => {
                    return Judged::known(true, format!("{path}, which follows nobody"));
                }
                Fact::Known(Some(name)) => match NodeId::parse(&name) {
                    Ok(node) => next = node,
                    Err(_) => return Judged::unknown(format!("{path}, which follows {name}")),
                },
                fact @ Fact::Unknown { .. } => {
                    let what = format!("{path}, and whom {next} follows");
                    return Judged::of(&fact, &what, |_| Judged::unknown("nothing"));
                }
            }
        }
    }
}

/// Whether what is asked for is a rule.
pub(super) fn rule_parses(rule: &str) -> Check {
    let judged = match SyncRule::parse_wanted(rule) {
        Ok(None) => Judged::known(true, "no synchronous standbys"),
        Ok(Some(read)) => {
            let names = read.names.join(", ");
            let observed = format!("a commit waits for {} of {names}", read.waits_for);
            Judged::known(true, observed)
        }
        Err(why) => Judged::known(false, format!("it is no rule: {why}")),
    };
    let required = "names, FIRST k (names), ANY k (names), k (names), or none";
    check(Rule::RuleParses, vec![judged.requires(required).read_from("the request")])
}

/// Whether a setting is on the closed list, and its value one that is written as it is.
pub(super) fn setting_allowed(setting: &PlaceName, value: &str) -> Check {
    let is_listed = may_be_written(setting.as_str());
    let listed = if is_listed { "is on the list" } else { "is not on the list" };
    let listed = Judged::known(is_listed, format!("{setting} {listed}"));
    let is_plain = !value.contains(['\'', '"', '\\']);
    let plain = Judged::known(is_plain, format!("the value is {value}"));
    let judged = [
        listed.requires("a setting of the closed list"),
        plain.requires("a value without quotes and backslashes"),
    ];
    let judged = judged.map(|one| one.read_from("the request and the catalogue"));
    check(Rule::SettingAllowed, judged.into())
}

/// The node that an upstream names; `None` for no upstream.
pub(in crate::kernel::postgres) fn upstream_node(
    upstream: &PlaceName,
) -> Option<Result<NodeId, String>> {
    if upstream.as_str() == NONE_WORD {
        return None;
    }
    let node = NodeId::parse(upstream.as_str());
    Some(node.map_err(|_| format!("{upstream} is no name of a node")))
}
