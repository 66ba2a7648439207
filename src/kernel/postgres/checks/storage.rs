//! What is required of copies of a node.

use super::judged::{Judged, check};
use super::subject::OrderNode;
use crate::kernel::postgres::spec::{PostgresInvariant as Rule, facts as key};
use crate::kernel::postgres::view::ServerView;
use crate::model::ambient::RESERVE_BYTES;
use crate::model::explanation::Check;
use crate::model::text::{PlaceName, in_binary_units};

impl<'a> OrderNode<'a> {
    pub(super) fn sender_free(&self) -> Check {
        check(Rule::SenderFree, vec![self.at_least_one(key::SENDERS_FREE, "WAL senders free")])
    }

    pub(super) fn no_tablespaces(&self) -> Check {
        let judged = self.nothing(key::TABLESPACES, "which tablespaces there are", "none outside");
        check(Rule::NoTablespaces, vec![judged])
    }

    pub(super) fn backup_name_free(&self, name: &PlaceName) -> Check {
        let backups = self.view.state.facts.names(key::BACKUPS);
        let judged = Judged::of(&backups, "which backups there are", |names| {
            let is_taken = names.iter().any(|known| known == name.as_str());
            let observed = if is_taken { "there is one" } else { "there is none" };
            Judged::known(!is_taken, format!("{observed} of the name {name}"))
        });
        let judged = judged.requires("a name that no backup has");
        check(Rule::BackupNameFree, vec![judged.read_from("the directory of backups")])
    }

    /// The WAL that a copy needs is no longer than what the node keeps.
    pub(super) fn room_for_backup(&self) -> Check {
        let free = self.view.state.facts.number(key::FREE_BYTES);
        let number = |key: &'static str| move |s: ServerView<'a>| s.node.facts.number(key);
        let judged = Judged::of(&free, "the free space", |free| {
            self.judged(number(key::DATA_BYTES), "how much data there is", |data| {
                self.judged(number(key::WAL_BYTES), "how much WAL there is", |wal| {
                    let copy = data.saturating_add(*wal);
                    let observed = format!(
                        "{} are free, and {} holds {}",
                        in_binary_units(*free),
                        self.id,
                        in_binary_units(copy)
                    );
                    Judged::known(*free >= copy.saturating_add(RESERVE_BYTES), observed)
                })
            })
        });
        let reserve = in_binary_units(RESERVE_BYTES);
        let required = format!("room for what the node holds, and {reserve} that stay free");
        let judged = judged.requires(required).read_from("the file system and the node");
        check(Rule::RoomForBackup, vec![judged])
    }

    pub(super) fn checksums_on(&self) -> Check {
        let judge = |is: &bool| {
            let observed = if *is { "with checksums" } else { "without checksums" };
            Judged::known(*is, observed)
        };
        let read = |server: ServerView<'a>| server.node.facts.flag(key::CHECKSUMS);
        let judged = self.judged(read, "whether pages have checksums", judge);
        check(Rule::ChecksumsOn, vec![judged.requires("with checksums")])
    }
}
