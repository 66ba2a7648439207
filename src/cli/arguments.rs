//! The command line as a type. Names and options are an interface: they grow and keep their meaning.

use super::access_arguments::{AccessArguments, AccountCommand, LinkCommand, TokenCommand};
use super::address::{Address, Authorities, DEFAULT_URL};
use super::ask::AskArguments;
use super::environment;
use super::found::FoundArguments;
use super::host_arguments::{
    AcceptArguments, ConfigCommand, InitArguments, KernelCommand, ServeArguments,
};
use super::list_arguments::{ActionsArguments, EventsArguments, ReportArguments};
use super::log_arguments::{
    ExportArguments, LogArguments, RotateArguments, TimelineArguments, VerifyArguments,
};
use crate::model::action::ActionId;
use crate::model::facts::FactKey;
use crate::model::text::NodeId;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  this machine or this program failed; nothing was asked of a cluster, or standard output
      was not written whole and standard error says what was done
   2  usage or bad input
   3  rejected: a pre-condition does not hold
   4  stale: the cluster moved after the explanation
   5  refused by the kernel
   6  outcome unknown
   7  the audit log is not available
   8  not authorised
   9  busy, frozen, a second operator is waited for, or an earlier action is not resolved
  10  the server cannot be reached, or did not answer
  11  the log did not verify
  12  a verification ran, and found damage or could not compare

An action runs only by `request`, which explains it, and then `confirm` with the digest of that
explanation. Nothing skips the second step.";

/// The human-operated control plane of AeroDB.
#[derive(Debug, Parser)]
#[command(name = "aerodb-control", version, about, after_help = EXIT_CODES)]
pub(super) struct Cli {
    /// The control plane to talk to.
    #[arg(long, global = true, env = environment::URL, hide_env_values = true, value_name = "URL",
          default_value = DEFAULT_URL, value_parser = Address::parse)]
    pub(super) url: Address,
    /// The certificates of those who may have signed the certificate of an https address, as PEM
    /// [default: the authorities that browsers trust].
    #[arg(long, global = true, env = environment::CA_FILE, hide_env_values = true,
          value_name = "FILE", value_parser = Authorities::read)]
    pub(super) ca_file: Option<Authorities>,
    /// Print the server's JSON answer; a refusal is printed as problem details (RFC 9457).
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Found a cluster and its log, in a data directory that is empty or does not exist. Over PostgreSQL
    /// servers the log alone: nothing is founded or changed in them.
    Init(InitArguments),
    /// Run the control plane over the kernel that the settings name.
    Serve(ServeArguments),
    /// The settings of a server.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Accounts, on the data directory of this machine.
    #[command(subcommand)]
    Account(AccountCommand),
    /// What is done to a kernel on this machine, while nothing serves it.
    #[command(subcommand)]
    Kernel(KernelCommand),
    /// Sign in; the session is kept in a file that only you can read.
    Login {
        /// Your account; asked for when it is absent.
        name: Option<String>,
    },
    /// Sign out and end the session.
    Logout,
    /// Tokens for programs, which read and never confirm.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Links for stakeholders, who see the cluster with what is sensitive redacted.
    #[command(subcommand)]
    Link(LinkCommand),
    /// The links, newest first.
    Links,
    /// Your sessions, the links and the tokens.
    Access(AccessArguments),
    /// Who is signed in here.
    Whoami,
    /// The cluster, as one observation, in words.
    Status {
        /// Print it again after every change, until the control plane is not heard any more.
        #[arg(long)]
        watch: bool,
    },
    /// The nodes of one observation.
    Nodes,
    /// One node: its facts, what speaks against each action on it, and what happened to it.
    Node {
        /// The node, such as n1.
        #[arg(value_parser = NodeId::parse)]
        id: NodeId,
    },
    /// The state of a longer piece of work, as a list of facts. It goes on by nothing but your actions.
    Checklist {
        /// The checklist, such as switchover.
        #[arg(value_parser = checklist_key)]
        key: FactKey,
        /// The node that it is for.
        #[arg(long, value_name = "NODE", value_parser = NodeId::parse)]
        node: NodeId,
    },
    /// What happened in the kernel, newest first.
    Events(EventsArguments),
    /// Every action that exists: what it does, needs, changes, and how it can fail.
    Catalogue {
        /// Only this kind of action.
        #[arg(value_parser = super::ask::Kinds)]
        kind: Option<String>,
        /// Those of the kernel of the control plane, not of the kernels in this program.
        #[arg(long)]
        server: bool,
    },
    /// Every invariant that a refusal can cite.
    Invariants {
        /// Those of the kernel of the control plane, not of the kernels in this program.
        #[arg(long)]
        server: bool,
    },
    /// Explain an action without asking for it: nothing is written.
    Explain(AskArguments),
    /// Request an action: records the request and prints its explanation and digest.
    Request {
        #[command(flatten)]
        ask: AskArguments,
        /// The id to ask under; made here when it is absent. Repeat it to repeat a delivery.
        #[arg(long, value_name = "UUID", value_parser = ActionId::parse)]
        action_id: Option<ActionId>,
    },
    /// Run what was explained: the only way to run anything.
    Confirm {
        /// The action id that `request` printed.
        #[arg(value_parser = ActionId::parse)]
        id: ActionId,
        /// The digest of the explanation that you read.
        #[arg(long, value_name = "HEX")]
        digest: String,
        /// The name of the target, where the explanation asks for it.
        #[arg(long = "confirm-target", value_name = "TARGET")]
        typed: Option<String>,
        /// Prove who you are with your password, asked for on the terminal or read as one line of
        /// standard input. A disruptive action needs it where you signed in too long ago.
        #[arg(long = "reauthenticate")]
        prove: bool,
    },
    /// Take back a request that was not confirmed.
    Withdraw {
        /// The action id that `request` printed.
        #[arg(value_parser = ActionId::parse)]
        id: ActionId,
        /// The reason, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Ask the kernel what became of an action whose outcome is not known, and close it.
    Resolve {
        /// The action that is in doubt.
        #[arg(value_parser = ActionId::parse)]
        id: ActionId,
        /// The reason, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Record what you found about an action that the kernel cannot resolve, and close it.
    Finding {
        /// The action that is in doubt.
        #[arg(value_parser = ActionId::parse)]
        id: ActionId,
        #[command(flatten)]
        verdict: FoundArguments,
        /// What that rests on.
        #[arg(long, value_name = "TEXT")]
        evidence: String,
    },
    /// Declare a freeze: every request and confirmation is refused until an operator lifts it.
    Freeze {
        /// The reason, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The id to declare it under; made here when it is absent. Repeat it to repeat a delivery.
        #[arg(long, value_name = "UUID", value_parser = ActionId::parse)]
        freeze_id: Option<ActionId>,
    },
    /// Lift a freeze: the one named, or the one that stands when this command looks.
    Unfreeze {
        /// The reason, for the audit log.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The record that declared it, as `status` shows it; looked up and printed when it is absent.
        #[arg(long, value_name = "SEQ")]
        freeze: Option<u64>,
    },
    /// One action: its explanation, outcome and records.
    Show {
        /// The action, by its id.
        #[arg(value_parser = ActionId::parse)]
        id: ActionId,
    },
    /// The log and the kernel side by side, newest first, with what is known of their order.
    Timeline(TimelineArguments),
    /// The actions, newest first.
    Actions(ActionsArguments),
    /// The log, newest first.
    Log(LogArguments),
    /// One record of the log.
    Record {
        /// Its sequence number, from 0.
        seq: u64,
    },
    /// One action, or a window of time, rebuilt from the audit log: of a control plane that runs, or of a
    /// data directory, as Markdown.
    Report(ReportArguments),
    /// Accept on this machine that audit log and kernel do not say the same, while nothing serves
    /// them: shows what was found, asks for the name of the cluster, and records it.
    Accept(AcceptArguments),
    /// Verify a log: the file of a data directory, an export, or what a control plane shows.
    VerifyLog(VerifyArguments),
    /// Give the log another key, while no control plane runs on the data directory.
    RotateLogKey(RotateArguments),
    /// Write the log as files that other tools can verify (C2SP tlog-tiles).
    ExportLog(ExportArguments),
    /// The contract, clause by clause, with the invariants, tests and documents behind it.
    Contract,
    /// Print a script that completes commands and options in a shell.
    Completions {
        /// The shell that reads the script.
        shell: Shell,
    },
    /// Print the manual page of the program, or of one command.
    Man {
        /// The command; its words one after the other.
        command: Vec<String>,
    },
}

/// The key of a checklist has the form of the key of a fact. Whether there is one the server knows.
fn checklist_key(text: &str) -> Result<FactKey, String> {
    FactKey::parse(text).ok_or_else(|| "no key: lower-case words with _ between them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    const ID: &str = "6f1c2a34-0b5d-4e6f-8a90-112233445566";

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("aerodb-control").chain(words.iter().copied()))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_has_an_option_that_skips_a_step() {
        for bad in ["--yes", "--force", "-y", "-f", "--no-confirm", "--assume-yes"] {
            assert!(parse(&["confirm", ID, "--digest", "00", bad]).is_err(), "{bad}");
            assert!(parse(&["request", "stop_writes", "--reason", "r", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_confirmation_needs_an_id_and_a_digest() {
        assert!(parse(&["confirm", ID]).is_err());
        assert!(parse(&["confirm", "--digest", "00"]).is_err());
        assert!(parse(&["confirm", "../../login", "--digest", "00"]).is_err());
        assert!(parse(&["confirm", ID, "--digest", "00"]).is_ok());
    }

    #[test]
    fn a_request_needs_a_reason_and_a_kind_of_the_catalogue() {
        assert!(parse(&["request", "switchover", "--to", "n2"]).is_err());
        assert!(parse(&["request", "Promote it", "--reason", "r"]).is_err());
        for action in crate::cli::CATALOGUE.actions() {
            let kind = action.kind.to_string();
            assert!(parse(&["explain", &kind, "--reason", "r"]).is_ok(), "{kind}");
        }
    }

    #[test]
    fn only_the_parameters_that_were_typed_are_sent() {
        let cli = parse(&["explain", "switchover", "--to", "n2", "--reason", "r"]).expect("valid");
        let CliCommand::Explain(ask) = cli.command else { panic!("explain parses to explain") };
        assert_eq!(ask.params, [("to".to_owned(), "n2".to_owned())].into());
        assert!(ask.attested.is_empty());
    }

    #[test]
    fn what_is_attested_has_a_key_and_each_key_one_value() {
        let asked = |attested: &[&str]| {
            let attested = attested.iter().flat_map(|given| ["--attest", given]);
            let words = ["explain", "stop_writes", "--reason", "r"].into_iter().chain(attested);
            parse(&words.collect::<Vec<_>>())
        };
        assert!(asked(&["host_off"]).is_err());
        assert!(asked(&["host_off=yes", "host_off=yes"]).is_err());
        let cli = asked(&["seen=a=b\nc", "host_off=yes"]).expect("valid");
        let CliCommand::Explain(ask) = cli.command else { panic!("explain parses to explain") };
        let given = [("host_off", "yes"), ("seen", "a=b\nc")];
        let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(ask.attested, given.into());
    }
}
