//! What the commands take that are about accounts, tokens and links.

use super::duration::duration;
use super::host_arguments::DataArguments;
use crate::model::access_list::AccessList;
use crate::model::action::ActionId;
use crate::model::actor::ActorRole;
use crate::model::link::CLUSTER_SCOPE;
use crate::model::text::{ActorName, Reason};
use clap::{Args, Subcommand};
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Make an account; the password is asked for, or read as one line of standard input.
    Add(AccountArguments),
    /// Give an account another role; all of its sessions end.
    Role(AccountArguments),
    /// Give an account another password, which is asked for, or read as one line of standard input; all of
    /// its sessions end.
    Password(NamedAccount),
    /// End every session of an account. It signs in again as before.
    SignOut(NamedAccount),
    /// Remove an account: all of its sessions end, and nobody signs in with it again.
    Remove(NamedAccount),
}

/// Which account, in which data directory.
#[derive(Args, Debug)]
pub(super) struct NamedAccount {
    /// The name of the account.
    pub(super) name: String,
    /// Why; the record keeps it.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Option<Reason>,
    #[command(flatten)]
    pub(super) place: DataArguments,
}

#[derive(Args, Debug)]
pub(super) struct AccessArguments {
    /// Every account, session, link and token instead: for an auditor.
    #[arg(long = "all")]
    pub(super) everybody: bool,
    /// One list alone.
    #[arg(long, value_parser = AccessList::parse, value_name = "accounts|sessions|links|tokens")]
    pub(super) list: Option<AccessList>,
    /// Where that list goes on, as an earlier answer said.
    #[arg(long, value_name = "KEY", requires = "list")]
    pub(super) after: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Issue a token, on the data directory of this machine; it is printed once.
    Issue(TokenArguments),
    /// Withdraw a token, through the server: it works nowhere any more.
    Revoke {
        /// The token, as `access` shows it.
        #[arg(value_parser = ActorName::parse)]
        name: ActorName,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum LinkCommand {
    /// Issue a link; its address is printed once.
    Issue(LinkArguments),
    /// Withdraw a link; its session ends with it.
    Revoke {
        /// The link, as `links` shows it.
        #[arg(value_parser = ActionId::parse)]
        id: ActionId,
    },
}

#[derive(Args, Debug)]
pub(super) struct AccountArguments {
    /// The name of the account.
    pub(super) name: String,
    /// What it may do.
    #[arg(long, value_parser = ActorRole::parse, value_name = "observer|operator|auditor")]
    pub(super) role: ActorRole,
    /// Why; the record keeps it.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Option<Reason>,
    #[command(flatten)]
    pub(super) place: DataArguments,
}

#[derive(Args, Debug)]
pub(super) struct TokenArguments {
    /// What the token is called in the log.
    pub(super) name: String,
    /// How long it is valid, such as 12h or 30d.
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
    pub(super) expires: Duration,
    /// Why; the record keeps it.
    #[arg(long, value_name = "TEXT", value_parser = Reason::parse)]
    pub(super) reason: Option<Reason>,
    #[command(flatten)]
    pub(super) place: DataArguments,
}

#[derive(Args, Debug)]
pub(super) struct LinkArguments {
    /// For whom, or for what. No account, no token and no other link ever had the name.
    #[arg(long, value_name = "NAME")]
    pub(super) name: String,
    /// How long it lasts, such as 12h; at most 7d.
    #[arg(long, value_name = "DURATION")]
    pub(super) expires: String,
    /// What it shows: `cluster` is the overview and the timeline, the id of an action that one too.
    #[arg(long, value_name = "cluster|ID", default_value = CLUSTER_SCOPE)]
    pub(super) scope: String,
    /// The id to issue it under; made here when it is absent. Repeat it to repeat a delivery.
    #[arg(long, value_name = "UUID", value_parser = ActionId::parse)]
    pub(super) link_id: Option<ActionId>,
}
