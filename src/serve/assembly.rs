//! The one composition: a control plane over any kernel, without listeners.
//!
//! What serves, what is tested, what is simulated and what is measured is put together here, so none of
//! them can differ from the others in what it gave to whom.

use super::SystemDeps;
use crate::authority::ReauthLifetime;
use crate::identity::IdentityProviders;
use crate::kernel::{CommandKernel, ObserveKernel};
use crate::ledger::Ledger;
use crate::metrics::{CertificateExpiry, Durations};
use crate::model::ambient::{Clock, Entropy};
use crate::model::finding::Mismatch;
use crate::model::pinned::ClusterIdentity;
use crate::model::spec::ActionClass;
use crate::observe::QueryService;
use crate::observe::in_flight::InFlight;
use crate::ui::EnvironmentClass;
use crate::web::{EmbeddedSite, Site, Transport};
use crate::workflow::Workflow;
use crate::workflow::access::Access;
use leptos::config::LeptosOptions;
use std::sync::Arc;
use tokio::sync::watch;

/// What a control plane is made of, besides its kernel.
pub struct Parts {
    /// The log, which signs what it appends if it was given a key.
    pub ledger: Ledger,
    /// Time, randomness and the price of a password.
    pub ambient: SystemDeps,
    /// What the pages name as the address of the data API.
    pub data_address: Option<String>,
    /// The actions that a second operator has to confirm too.
    pub second_operator: Vec<ActionClass>,
    /// How long a proof of identity lasts.
    pub reauth_lifetime: ReauthLifetime,
    /// Where log and kernel do not say the same.
    pub mismatch: Mismatch,
}

impl Parts {
    /// On this log, with what the settings leave unsaid.
    #[must_use]
    pub fn new(ledger: Ledger, ambient: SystemDeps) -> Self {
        Self {
            ledger,
            ambient,
            data_address: None,
            second_operator: Vec::new(),
            reauth_lifetime: ReauthLifetime::default(),
            mismatch: Mismatch::default(),
        }
    }
}

/// A control plane that nobody can reach yet.
pub struct Assembled {
    /// All that can be read.
    pub read: QueryService,
    /// The one way to act.
    pub workflow: Arc<Workflow>,
    /// Accounts, sessions and tokens.
    pub access: Arc<Access>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    writes: Durations,
}

/// What stands before a control plane that people reach.
pub struct Front {
    /// The cluster, as every page names it.
    pub identity: ClusterIdentity,
    /// Whether its pages have to look unlike those of every other environment.
    pub environment: EnvironmentClass,
    /// The framework's options.
    pub leptos: LeptosOptions,
    /// The site, where the program carries it.
    pub embedded: Option<EmbeddedSite>,
    /// What ends the streams of events.
    pub stopping: watch::Receiver<()>,
    /// Until when the certificate is valid.
    pub certificate: CertificateExpiry,
    /// How what people send is carried.
    pub transport: Transport,
    /// Who may say who somebody is, besides the accounts.
    pub providers: IdentityProviders,
}

impl Front {
    /// The plain one of tests and measurements: no encryption, and nobody vouches.
    #[must_use]
    pub fn plain(identity: ClusterIdentity, stopping: watch::Receiver<()>) -> Self {
        Self {
            identity,
            environment: EnvironmentClass::default(),
            leptos: LeptosOptions::builder().output_name("aerodb-control").build(),
            embedded: None,
            stopping,
            certificate: CertificateExpiry::default(),
            transport: Transport::Plain,
            providers: IdentityProviders::default(),
        }
    }
}

/// Puts a control plane together over this kernel. Nothing is opened, read or recorded by it.
#[must_use]
pub fn assemble(parts: Parts, kernel: Arc<dyn CommandKernel>) -> Assembled {
    let Parts { ledger, ambient, data_address, second_operator, reauth_lifetime, mismatch } = parts;
    let SystemDeps { clock, entropy, password_cost, room: _ } = ambient;
    let in_flight = InFlight::default();
    let observed: Arc<dyn ObserveKernel> = kernel.clone();
    let read = QueryService::new(observed, ledger.reader(), in_flight.clone(), data_address)
        .with_second_operator(&second_operator)
        .with_mismatch(mismatch);
    let access =
        Access::new(ledger.clone(), Arc::clone(&clock), Arc::clone(&entropy), password_cost);
    let access = access.proving(reauth_lifetime);
    let writes = ledger.store().writes().clone();
    let workflow = Workflow::new(read.clone(), kernel, ledger, in_flight, access.authority());
    let (workflow, access) = (Arc::new(workflow), Arc::new(access));
    Assembled { read, workflow, access, clock, entropy, writes }
}

impl Assembled {
    /// What answers requests, behind this front.
    #[must_use]
    pub fn site(self, front: Front) -> Site {
        let Self { read, workflow, access, clock, entropy, writes } = self;
        let Front {
            identity,
            environment,
            leptos,
            embedded,
            stopping,
            certificate,
            transport,
            providers,
        } = front;
        Site {
            read,
            workflow,
            access,
            identity,
            environment,
            leptos,
            embedded,
            clock,
            entropy,
            stopping,
            writes,
            certificate,
            transport,
            providers,
        }
    }
}
