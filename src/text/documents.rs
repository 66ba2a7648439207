//! The pages for operators that are made from the types that run: one for each action, and the list of
//! every way to be refused (C12.1). A test compares them with what is checked in.

use crate::model::invariant::Invariant;
use crate::model::refusal::{Domain, RefusalCode};
use crate::model::spec::{ActionSpec, Catalogue, Impact, InvariantSpec, KernelSpec, Target};

/// The pages about actions, by their paths from the folder of documents: a folder for each kernel.
#[must_use]
pub fn action_pages(kernels: &'static [KernelSpec]) -> Vec<(String, String)> {
    let page = |spec: &'static KernelSpec, entry: &ActionSpec| {
        (format!("actions/{}/{}.md", spec.kind, entry.kind), action(spec.into(), entry))
    };
    let of = |spec: &'static KernelSpec| spec.actions.iter().map(move |entry| page(spec, entry));
    let mut pages: Vec<_> = kernels.iter().flat_map(of).collect();
    pages.push(("actions/README.md".to_owned(), contents(kernels)));
    pages
}

fn contents(kernels: &[KernelSpec]) -> String {
    let mut text =
        "# Actions\n\nEvery action that exists, one page each. These pages are generated \
        from the catalogues of the program, which the console, the command line \
        and the API show too.\n"
            .to_owned();
    for spec in kernels {
        text.push_str(&format!(
            "\n## Kernel `{}`\n\n| action | what it does | impact |\n| --- | --- | --- |\n",
            spec.kind
        ));
        for entry in spec.actions {
            let (kind, meaning, impact) = (entry.kind, entry.meaning, entry.impact.word());
            let page = format!("{}/{kind}.md", spec.kind);
            text.push_str(&format!("| [{}]({page}) | {meaning} | {impact} |\n", entry.title));
        }
    }
    text
}

fn action(catalogue: Catalogue, entry: &ActionSpec) -> String {
    let mut text = format!("# {} (`{}`)\n\n{}\n\n", entry.title, entry.kind, entry.meaning);
    text.push_str(&format!("- class: {}\n", entry.class.word()));
    text.push_str(&format!("- impact: {}; {}\n", entry.impact.word(), typed(entry)));
    text.push_str(&format!("- can be taken back: {}\n", entry.reversible));
    text.push_str(&format!("- the engine is told: {}\n", entry.engine_command));
    let mut command = format!("aerodb-control request {}", entry.kind);
    for parameter in entry.parameters {
        let option = parameter.name.replace('_', "-");
        command.push_str(&format!(" --{option} {}", option.to_uppercase()));
    }
    text.push_str(&format!("\n```\n{command} --reason TEXT\n```\n"));
    if !entry.parameters.is_empty() {
        text.push_str("\n## Parameters\n\n| name | meaning | limits |\n| --- | --- | --- |\n");
        for p in entry.parameters {
            text.push_str(&format!("| `{}` | {} | {} |\n", p.name, p.meaning, p.limits));
        }
    }
    if !entry.attestations.is_empty() {
        text.push_str(
            "\n## What can be attested\n\nNo machine can observe it, so whoever asks for the action \
             testifies to it, with `--attest KEY=VALUE`. It is evidence and overrides no check; \
             without it a check that needs it does not pass.\n\n\
             | key | what | how it is known | value |\n| --- | --- | --- | --- |\n",
        );
        for asked in entry.attestations {
            let (key, label, help) = (asked.key, asked.label, asked.help);
            text.push_str(&format!("| `{key}` | {label} | {help} | {} |\n", asked.form.limits()));
        }
    }
    text.push_str("\n## What must hold\n\n| invariant | promise | why |\n| --- | --- | --- |\n");
    for invariant in entry.preconditions.iter().filter_map(|id| catalogue.invariant(*id)) {
        let (id, promise, why) = (invariant.id, invariant.statement, invariant.reason);
        text.push_str(&format!("| `{id}` | {promise} | {why} |\n"));
    }
    list(&mut text, "What changes", entry.effects);
    text.push_str("\n## What can go wrong\n\n| what happens | what you see |\n| --- | --- |\n");
    for mode in entry.failure_modes {
        text.push_str(&format!("| {} | {} |\n", mode.when, mode.seen));
    }
    list(&mut text, "What nobody checks", entry.not_checked);
    text
}

fn typed(entry: &ActionSpec) -> &'static str {
    match (entry.impact, entry.target) {
        (Impact::Contained, _) => "confirmed without typing a name",
        (Impact::Disruptive | Impact::Irreversible, Target::Node) => {
            "confirmed by typing the name of the node"
        }
        (Impact::Disruptive | Impact::Irreversible, Target::Cluster) => {
            "confirmed by typing the name of the cluster"
        }
    }
}

fn list(text: &mut String, title: &str, items: &[&str]) {
    text.push_str(&format!("\n## {title}\n\n"));
    for item in items {
        text.push_str(&format!("- {item}\n"));
    }
}

/// Every refusal with the part that refuses and, by `status`, its HTTP status; and every invariant.
#[must_use]
pub fn refusals(kernels: &[KernelSpec], status: impl Fn(RefusalCode) -> u16) -> String {
    let mut text =
        "# Refusals and invariants\n\nThis page is generated. A refusal says what was asked, \
        what was found, which invariants speak against it, and whether anything ran. An \
        outcome that is not known is no refusal: it is an answer whose stage is `unknown`.\n\n\
        ## Refusals\n\n\
        | code | meaning | who refuses | HTTP |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for code in RefusalCode::ALL {
        let who = match code.domain() {
            Domain::Input => "the request cannot be read",
            Domain::Authority => "who asks may not, or is not known",
            Domain::ControlPlane => "the control plane",
            Domain::Kernel => "the kernel, finally",
            Domain::Transport => "the way to the kernel or the log",
        };
        let (id, title, status) = (code.id(), code.title(), status(*code));
        text.push_str(&format!("| `{id}` | {title} | {who} | {status} |\n"));
    }
    let own: Vec<InvariantSpec> = Invariant::ALL.iter().map(|own| own.spec()).collect();
    invariants(&mut text, "Invariants of the control plane", &own);
    for spec in kernels {
        let title = format!("Invariants of the kernel `{}`", spec.kind);
        invariants(&mut text, &title, spec.invariants);
    }
    text
}

fn invariants(text: &mut String, title: &str, all: &[InvariantSpec]) {
    text.push_str(&format!(
        "\n## {title}\n\n| id | promise | why | clause |\n| --- | --- | --- | --- |\n"
    ));
    for i in all {
        let (id, promise, why, clause) = (i.id, i.statement, i.reason, i.clause);
        text.push_str(&format!("| `{id}` | {promise} | {why} | {clause} |\n"));
    }
}
