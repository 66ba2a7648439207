//! What an operator testifies to with a request, because no machine can observe it: the embedded kernel
//! behind a spec that asks for it. It is evidence for the kernel's own checks and overrides none.

use crate::harness::{Reply, confirmation, id};
use crate::kernel::mute::App;
use aerodb_control::kernel::embedded::EmbeddedKernel;
use aerodb_control::kernel::embedded::spec::{EngineInvariant, SPEC};
use aerodb_control::kernel::over::Over;
use aerodb_control::kernel::{ApplyError, CommandKernel, KernelFuture, Order};
use aerodb_control::model::attestation::{Attestation, Request};
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::explanation::{Check, Checks, Evidence, Verdict};
use aerodb_control::model::receipt::Receipt;
use aerodb_control::model::session::Session;
use aerodb_control::model::spec::{
    ActionSpec, AttestationForm, AttestationSpec, Catalogue, KernelSpec,
};
use aerodb_control::text::{action_pages, catalogue};
use aerodb_control::web::openapi;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock, Mutex};
use tempfile::TempDir;

const HOST_OFF: AttestationSpec = AttestationSpec {
    key: "host_off",
    label: "The host of the old primary is powered off.",
    help: "Look at the machine itself.",
    form: AttestationForm::Statement,
};
const CONTROL_DATA: AttestationSpec = AttestationSpec {
    key: "control_data",
    label: "What its control file says.",
    help: "Paste what the tool of the engine prints.",
    form: AttestationForm::Text { chars_max: 40 },
};
const RULE: EngineInvariant = EngineInvariant::NoPrimaryAlive;

/// The spec of the embedded kernel, where a stop of all writes needs somebody's word.
fn spec() -> &'static KernelSpec {
    static ACTIONS: LazyLock<Vec<ActionSpec>> = LazyLock::new(|| {
        let asks = |entry: &ActionSpec| match entry.kind.word() {
            "stop_writes" => {
                ActionSpec { attestations: &[HOST_OFF, CONTROL_DATA], ..entry.to_owned() }
            }
            _ => entry.to_owned(),
        };
        SPEC.actions.iter().map(asks).collect()
    });
    static ASKING: LazyLock<KernelSpec> =
        LazyLock::new(|| KernelSpec { actions: &ACTIONS, ..SPEC });
    &ASKING
}

struct Asking {
    inner: EmbeddedKernel,
    sent: Arc<Mutex<Vec<Option<Attestation>>>>,
}

impl Over for Asking {
    fn inner(&self) -> &dyn CommandKernel {
        &self.inner
    }

    fn spec(&self) -> &'static KernelSpec {
        spec()
    }

    fn checks(&self, state: &ClusterState, request: &Request) -> Checks {
        let mut told = self.inner().checks(state, request);
        if request.action.kind().word() == "stop_writes" {
            let given = request.attested.get(HOST_OFF.key);
            told.checks.push(Check {
                invariant: RULE.id(),
                statement: "Nobody else accepts writes.".to_owned(),
                verdict: if given.is_some() { Verdict::Pass } else { Verdict::Unknown },
                evidence: vec![Evidence {
                    observed: given.map_or("nothing", |_| "the host is off").to_owned(),
                    required: "the host is off".to_owned(),
                    source: given.map_or_else(|| "nobody".to_owned(), Attestation::source),
                    since: None,
                }],
            });
        }
        told
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        let given = order.attested().get(HOST_OFF.key).cloned();
        self.sent.lock().expect("no test failed with it").push(given);
        self.inner().apply(order, session)
    }
}

struct AttestedApp {
    app: App,
    sent: Arc<Mutex<Vec<Option<Attestation>>>>,
    _dir: TempDir,
}

impl AttestedApp {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let sent = Arc::<Mutex<Vec<_>>>::default();
        let app = App::over(dir.path(), |inner| Asking { inner, sent: Arc::clone(&sent) }).await;
        Self { app, sent, _dir: dir }
    }

    async fn request(&self, number: u8, kind: &str, attested: &Value) -> Reply {
        let body = json!({
            "action_id": id(number), "kind": kind, "params": {}, "reason": "a drill",
            "attested": attested,
        });
        self.app.olga.post("/api/v1/actions", &body).await
    }

    /// What the log holds of an id, oldest first.
    async fn entries(&self, number: u8) -> Vec<Value> {
        let path = format!("/api/v1/log?action={}", id(number));
        let page = self.app.olga.get(&path).await.expect(200).json();
        let records = page["records"].as_array().expect("records").iter().rev();
        records.map(|record| record["entry"].clone()).collect()
    }
}

fn kinds(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["kind"].as_str().expect("a kind")).collect()
}

/// C4.2, C9.4: what cannot be attested is refused by its name, and asks for nothing.
#[tokio::test]
async fn what_the_action_does_not_ask_for_or_in_another_form_is_refused_by_its_name() {
    let asked = AttestedApp::new().await;
    let long = "x".repeat(41);
    for (kind, attested, field) in [
        ("stop_writes", json!({"force": "yes"}), "attested.force"),
        ("resume_writes", json!({"host_off": "yes"}), "attested.host_off"),
        ("stop_writes", json!({"host_off": "no"}), "attested.host_off"),
        ("stop_writes", json!({"host_off": ""}), "attested.host_off"),
        ("stop_writes", json!({"host_off": true}), "host_off"),
        ("stop_writes", json!({"control_data": "  \n"}), "attested.control_data"),
        ("stop_writes", json!({"control_data": long}), "attested.control_data"),
        ("stop_writes", json!({"control_data": "a\u{1b}[2J"}), "attested.control_data"),
        ("stop_writes", json!(["host_off"]), "attested"),
    ] {
        let refused = asked.request(1, kind, &attested).await;
        assert_eq!(refused.status.as_u16(), 400, "{attested}: {}", refused.body);
        assert_eq!(refused.code(), "input_invalid");
        assert_eq!(refused.json()["refusal"]["field"], field, "{attested}");
    }
    let entries = asked.entries(1).await;
    assert!(kinds(&entries).iter().all(|kind| *kind == "declined"), "{entries:?}");
    let path = "/api/v1/explain?kind=stop_writes&reason=r&attested.force=yes";
    let refused = asked.app.olga.get(path).await.expect(400);
    assert_eq!(refused.json()["refusal"]["field"], "attested.force");
}

/// C2.5, C6.1: what nobody attests is unknown, and what somebody attests overrides no other check.
#[tokio::test]
async fn without_it_the_check_is_unknown_and_with_it_no_other_check_passes_for_it() {
    let asked = AttestedApp::new().await;
    let refused = asked.request(1, "stop_writes", &json!({})).await.expect(412);
    assert_eq!(refused.json()["refusal"]["invariants"], json!([RULE.id()]));
    let entries = asked.entries(1).await;
    assert_eq!(kinds(&entries), ["requested", "rejected"]);
    assert_eq!(entries[0].get("attested"), None, "the record is as it always was");
    // The other text does not stand for the statement.
    let given = json!({"control_data": "shut down"});
    asked.request(2, "stop_writes", &given).await.expect(412);
    asked.app.olga.run(3, "take_offline", json!({"node": "n1"})).await;
    let refused = asked.request(4, "stop_writes", &json!({"host_off": "yes"})).await.expect(412);
    assert_eq!(
        refused.json()["refusal"]["invariants"],
        json!([EngineInvariant::PrimaryAlive.id()]),
        "nobody is primary, whatever was attested"
    );
    assert!(asked.sent.lock().unwrap().iter().all(Option::is_none));
}

/// C3.3, C9.1, C9.3: it is evidence under a name, bound by the digest, in the record, and in the order.
#[tokio::test]
async fn it_is_evidence_under_a_name_that_the_digest_binds_and_the_record_keeps() {
    let asked = AttestedApp::new().await;
    let given = json!({"control_data": "shut down\nat 0/3", "host_off": "yes"});
    let explained = asked.request(1, "stop_writes", &given).await.expect(201).json();
    let told = &explained["explanation"];
    assert_eq!(told["attested"], given);
    let command = told["command"].as_str().expect("a command");
    assert!(
        command.contains(r"--attest control_data=$'shut down\nat 0/3' --attest host_off='yes'")
    );
    let checks = told["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["invariant"] == json!(RULE.id())).expect("it");
    assert_eq!(check["evidence"][0]["source"], "attested by olga in this request");
    assert_eq!(asked.entries(1).await[0]["attested"], given);
    // Another text makes another digest, and is another request under the same id.
    let other = json!({"control_data": "in production", "host_off": "yes"});
    let query = "kind=stop_writes&reason=a+drill&attested.host_off=yes";
    let path = format!("/api/v1/explain?{query}&attested.control_data=shut+down%0Aat+0/3");
    let same = asked.app.olga.get(&path).await.expect(200).json();
    assert_eq!(same["digest"], explained["digest"], "the same through every door");
    let path = format!("/api/v1/explain?{query}&attested.control_data=in+production");
    assert_ne!(asked.app.olga.get(&path).await.expect(200).json()["digest"], explained["digest"]);
    for wrong in [other, json!({"host_off": "yes"}), json!({})] {
        let refused = asked.request(1, "stop_writes", &wrong).await.expect(422);
        assert_eq!(refused.code(), "action_id_reused");
    }
    let again = asked.request(1, "stop_writes", &given).await.expect(200).json();
    assert_eq!(again["duplicate"], true);
    let page = asked.app.olga.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains("Attested by") && page.contains(HOST_OFF.label), "{page}");
    assert!(page.contains("shut down\nat 0/3"), "{page}");
    let path = format!("/api/v1/actions/{}/confirm", id(1));
    let done = asked.app.olga.post(&path, &confirmation(&explained)).await.expect(200).json();
    assert_eq!(done["stage"], "executed");
    let report = asked.app.olga.get(&format!("/actions/{}/report", id(1))).await.expect(200).body;
    assert!(report.contains("Attested by") && report.contains("at 0/3"), "from the log alone");
    let sent = asked.sent.lock().unwrap().clone();
    let [Some(sent)] = sent.as_slice() else { panic!("one order: {sent:?}") };
    assert_eq!((sent.value.as_str(), sent.by.as_str()), ("yes", "olga"));
}

/// C2.4, C5.1: nothing is ticked in advance, and a form says the same as a program.
#[tokio::test]
async fn a_form_ticks_nothing_in_advance_and_sends_what_a_program_would_send() {
    let asked = AttestedApp::new().await;
    let olga = &asked.app.olga;
    olga.get("/actions/new?kind=stop_writes&attested.host_off=yes").await.expect(400);
    let form = olga.get("/actions/new?kind=stop_writes").await.expect(200).body;
    let ticked = |page: &str| page.contains(" checked");
    assert!(form.contains("name=\"attested.host_off\"") && !ticked(&form), "{form}");
    assert!(form.contains("name=\"attested.control_data\""), "{form}");
    let (first, bad) = (id(1), "a reason\u{7}");
    let fields = |reason| {
        [
            ("action_id", first.as_str()),
            ("kind", "stop_writes"),
            ("attested.host_off", "yes"),
            ("attested.control_data", "shut down\r\nat 0/3\r\n"),
            ("reason", reason),
        ]
    };
    let again = olga.post_form("/actions", &fields(bad)).await.expect(400).body;
    assert!(again.contains("shut down\nat 0/3"), "what was typed stands there: {again}");
    assert!(!ticked(&again), "{again}");
    olga.post_form("/actions", &fields("a drill")).await.expect(303);
    let given = json!({"control_data": "shut down\nat 0/3", "host_off": "yes"});
    assert_eq!(asked.entries(1).await.last().map(|e| e["kind"].clone()), Some(json!("explained")));
    let same = asked.request(1, "stop_writes", &given).await.expect(200).json();
    assert_eq!(same["duplicate"], true, "it is the same request");
    // An empty field of a form attests nothing.
    let second = id(2);
    let empty = [
        ("action_id", second.as_str()),
        ("kind", "stop_writes"),
        ("attested.control_data", ""),
        ("reason", "a drill"),
    ];
    olga.post_form("/actions", &empty).await.expect(303);
    assert_eq!(kinds(&asked.entries(2).await), ["requested", "rejected"]);
}

/// C12.1: every place that says what an action takes says what can be attested.
#[tokio::test]
async fn catalogue_reference_documents_and_description_say_what_can_be_attested() {
    assert_eq!(spec().faults(), Vec::<String>::new());
    let asked = AttestedApp::new().await;
    let entries = asked.app.olga.get("/api/v1/catalogue").await.expect(200).json();
    let entry = entries.as_array().expect("a list").iter().find(|e| e["kind"] == "stop_writes");
    let listed = &entry.expect("it is listed")["attestations"];
    assert_eq!(listed[0]["form"], "statement");
    assert_eq!(listed[1]["form"], json!({"text": {"chars_max": 40}}));
    let words = Catalogue::from(spec());
    let entries: Vec<&ActionSpec> = words.actions().collect();
    let text = catalogue(words, &entries).as_str().to_owned();
    assert!(text.contains("--attest host_off=VALUE: The host"), "{text}");
    let page = asked.app.olga.get("/reference/actions/stop_writes").await.expect(200).body;
    assert!(page.contains(HOST_OFF.label) && page.contains("control_data"), "{page}");
    let pages = action_pages(std::slice::from_ref(spec()));
    let page = pages.iter().find(|(path, _)| path.ends_with("stop_writes.md")).expect("a page");
    assert!(page.1.contains("| `host_off` | The host of the old primary is powered off. |"));
    let document = openapi::document(words);
    let of_kinds = &document["components"]["schemas"]["RequestBody"]["oneOf"];
    let of_kinds = of_kinds.as_array().expect("one for each kind").iter();
    let mut of_stop = of_kinds.filter(|one| one["properties"]["kind"]["const"] == "stop_writes");
    let of_stop = &of_stop.next().expect("it is described")["properties"]["attested"];
    assert_eq!(of_stop["properties"]["host_off"]["const"], "yes");
    assert_eq!(of_stop["additionalProperties"], false);
    assert!(document["paths"]["/api/v1/explain"].to_string().contains("attested.host_off"));
}

#[test]
fn a_spec_whose_attestations_cannot_be_given_has_faults() {
    static TWICE: [AttestationSpec; 2] = [HOST_OFF, HOST_OFF];
    static NAMELESS: [AttestationSpec; 1] = [AttestationSpec { key: "Host off", ..HOST_OFF }];
    const ENDLESS: AttestationForm = AttestationForm::Text { chars_max: 100_000 };
    static LONG: [AttestationSpec; 1] = [AttestationSpec { form: ENDLESS, ..HOST_OFF }];
    for attestations in [&TWICE[..], &NAMELESS, &LONG] {
        let action = ActionSpec { attestations, ..SPEC.actions[0] };
        let actions: &'static [ActionSpec] = Box::leak(Box::new([action]));
        assert_eq!(KernelSpec { actions, ..SPEC }.faults().len(), 1, "{attestations:?}");
    }
}
