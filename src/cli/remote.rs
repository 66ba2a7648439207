//! The commands that ask a control plane. Each is one call, but for two that read after they asked.

use super::Report;
use super::address::Address;
use super::ask::AskArguments;
use super::client::{ApiClient, ClientResponse};
use super::environment::TOKEN;
use super::exit::Exit;
use super::failure::{Failure, RequestEffect};
use super::local::refused;
use super::log_arguments::TimelineArguments;
use super::output::complain;
use super::session::{SavedSession, SessionError, SessionFile};
use super::specs::in_words;
use super::{progress, secret, words};
use crate::model::action::ActionId;
use crate::model::answer::{ActionAnswer, ExplainAnswer, FreezeAnswer, Overview, SessionAnswer};
use crate::model::body::{
    ConfirmBody, FindingBody, FreezeBody, ReasonBody, RequestBody, SignInBody, UnfreezeBody,
};
use crate::model::node_answer::NodeAnswer;
use crate::model::record::ManualOutcome;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::NodeId;
use crate::model::timeline::Timeline;
use crate::text;
use crate::text::lines::{TextLines, inert_json};
use serde_json::{Value, json};
use std::sync::mpsc;

/// A control plane, by its address.
pub(super) struct RemoteServer<'a> {
    /// Base address of its pages and its API.
    pub(super) url: &'a Address,
}

/// A password, with the session in which it proves who a person is.
pub(super) struct SessionProof {
    password: String,
    file: SessionFile,
    session: SavedSession,
}

impl RemoteServer<'_> {
    /// Signs a person in and keeps the session.
    pub(super) fn login(&self, name: Option<String>) -> Result<Report, Failure> {
        // Found out before a password is asked for.
        let file = SessionFile::of_person()?;
        file.load(self.url)?;
        self.warn_of_plain_password();
        let name = name.map_or_else(secret::name, Ok)?;
        let password = secret::password()?;
        let body = SignInBody { name, password };
        let client = ApiClient::new(self.url, None);
        let mut session: SessionAnswer = client.post("/login", &body, RequestEffect::Record)?.value;
        let Some(token) = session.token.take() else {
            let why = "the answer holds no session".to_owned();
            return Err(Failure::Unanswered {
                url: self.url.clone(),
                why,
                asked: RequestEffect::Record,
            });
        };
        let (name, role, expires_at) = (session.name.clone(), session.role, session.expires_at);
        file.save(self.url, SavedSession { name, role, token, expires_at })?;
        let mut text = text::session(&session);
        text.line(format!("The session is kept in {}.", file.path().display()));
        if std::env::var_os(TOKEN).is_some() {
            text.line("AERODB_CONTROL_TOKEN is set and is used instead of this session.");
        }
        // The secret stays in the file: what is printed ends in scroll-back and logs.
        let json = serde_json::to_string(&session).expect("a session holds text keys only");
        Ok(Report { text, json: inert_json(&json), exit: Exit::Done })
    }

    /// Ends the session on the server, then forgets it here.
    pub(super) fn logout(&self) -> Result<Report, Failure> {
        let file = SessionFile::of_person()?;
        let Some(session) = file.load(self.url)? else {
            let sentence = format!("There is no session for {}. Nothing was done.", self.url);
            return Err(Failure::here(Exit::NotAuthorised, sentence));
        };
        let client = ApiClient::new(self.url, Some(session.token));
        let body = match client.post::<Value>("/logout", &json!({}), RequestEffect::Record) {
            Ok(answer) => answer.body,
            // A session that the server does not know has ended already.
            Err(Failure::Refused { refusal, body, .. })
                if refusal.code == RefusalCode::NotSignedIn =>
            {
                body
            }
            Err(failure) => return Err(failure),
        };
        file.remove(self.url)?;
        let mut text = TextLines::new();
        text.line(format!("Signed out of {}.", self.url));
        let json = if body.trim().is_empty() { "{}\n".to_owned() } else { inert_json(&body) };
        Ok(Report { text, json, exit: Exit::Done })
    }

    /// The overview in words.
    pub(super) fn status(&self) -> Result<Report, Failure> {
        let answer: ClientResponse<Overview> = self.client()?.get("/overview", &[])?;
        let seen = &answer.value;
        let text = in_words(&seen.state.identity, |spec| text::overview(spec, seen));
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// What would be explained now.
    pub(super) fn explain(&self, ask: &AskArguments) -> Result<Report, Failure> {
        let query = ask.query();
        let query: Vec<_> = query.iter().map(|(name, value)| (&**name, value.clone())).collect();
        let answer: ClientResponse<ExplainAnswer> = self.client()?.get("/explain", &query)?;
        let ExplainAnswer { explanation, observation, .. } = &answer.value;
        let mut text = text::explanation(words::catalogue(), explanation, observation);
        text.gap();
        text.line(format!("Digest: {}", answer.value.digest));
        text.line("Nothing was asked for: this is what a request would be told now.");
        Ok(report(text, &answer.body, Exit::of_explanation(&answer.value.explanation)))
    }

    /// Asks for an action, which runs nothing; a rejected one is shown with its explanation.
    pub(super) fn request(
        &self,
        ask: &AskArguments,
        action_id: Option<ActionId>,
    ) -> Result<Report, Failure> {
        let id = action_id.map_or_else(fresh_id, Ok)?;
        let body = RequestBody {
            action_id: id.to_string(),
            kind: ask.kind.clone(),
            params: ask.params.clone(),
            attested: ask.attested.clone(),
            reason: ask.reason.clone(),
        };
        let client = self.client()?;
        match client.post::<ActionAnswer>("/actions", &body, RequestEffect::Record) {
            Ok(answer) => {
                let exit = Exit::of_request(&answer.value);
                let text = text::requested(words::catalogue(), &answer.value, &self.url.option());
                Ok(report(text, &answer.body, exit))
            }
            Err(failure) => Err(self.with_explanation(failure, id)),
        }
    }

    /// The password with which a person proves who they are, and the session that is renewed by it.
    pub(super) fn proof(&self) -> Result<SessionProof, Failure> {
        if std::env::var_os(TOKEN).is_some() {
            return Err(Failure::here(
                Exit::Usage,
                "A proof renews the session that `login` keeps, and AERODB_CONTROL_TOKEN is set. \
                 Nothing was done.",
            ));
        }
        let file = SessionFile::of_person()?;
        let Some(session) = file.load(self.url)? else {
            let sentence = format!("There is no session for {}. Sign in first.", self.url);
            return Err(Failure::here(Exit::NotAuthorised, sentence));
        };
        self.warn_of_plain_password();
        Ok(SessionProof { password: secret::password()?, file, session })
    }

    fn warn_of_plain_password(&self) {
        if !self.url.is_private() {
            complain(
                "The password travels to another machine unencrypted, unless a tunnel is used.\n",
            );
        }
    }

    /// Confirms what was explained: the one call after which something may run.
    pub(super) fn confirm(
        &self,
        id: ActionId,
        digest: &str,
        typed: Option<&str>,
        proof: Option<SessionProof>,
    ) -> Result<Report, Failure> {
        let typed_target = typed.map(str::to_owned);
        let client = self.client()?;
        // Who calls this has seen how an earlier call ended; a copy of that call has not.
        let seen: ClientResponse<Value> = client.get(&format!("/actions/{id}"), &[])?;
        let after_refusal = seen.value.get("after_refusal").and_then(Value::as_u64);
        let after_refusal = after_refusal.map(|seq| seq.to_string());
        let digest = digest.to_owned();
        let password = proof.as_ref().map(|proof| proof.password.clone());
        let body = ConfirmBody { digest, typed_target, after_refusal, password };
        let path = format!("/actions/{id}/confirm");
        let (url, token) = (self.url.clone(), client.token());
        // It hangs up when we return, and the process does not wait for it.
        let (_answered, hears) = mpsc::channel();
        std::thread::spawn(move || progress::follow(&url, token, id, &hears));
        let answered = client.post::<ActionAnswer>(&path, &body, RequestEffect::Order(id));
        if let (Some(proof), Some(token)) = (proof, client.renewed()) {
            // Also where the confirmation was refused: the secret until now opens nothing any more.
            // What came of the action is told whether or not the session can be kept.
            if let Err(error) = proof.file.save(self.url, SavedSession { token, ..proof.session }) {
                complain(&format!("The session credential was rotated. Sign in again: {error}.\n"));
            }
        }
        let answer = answered?;
        let exit = Exit::of_confirmation(&answer.value);
        Ok(self.outcome(&answer, exit))
    }

    /// Takes a request back.
    pub(super) fn withdraw(&self, id: ActionId, reason: &str) -> Result<Report, Failure> {
        let path = format!("/actions/{id}/withdraw");
        let body = ReasonBody { reason: reason.to_owned() };
        let answer: ClientResponse<ActionAnswer> =
            self.client()?.post(&path, &body, RequestEffect::Record)?;
        let exit = Exit::of_withdrawal(&answer.value);
        Ok(self.outcome(&answer, exit))
    }

    /// Closes an action whose outcome is not known, by what the kernel holds or voids.
    pub(super) fn resolve(&self, id: ActionId, reason: &str) -> Result<Report, Failure> {
        let path = format!("/actions/{id}/resolve");
        let body = ReasonBody { reason: reason.to_owned() };
        let answer: ClientResponse<ActionAnswer> =
            self.client()?.post(&path, &body, RequestEffect::Order(id))?;
        let exit = Exit::of_resolution(&answer.value);
        Ok(self.outcome(&answer, exit))
    }

    /// Closes an action by what an operator found.
    pub(super) fn finding(
        &self,
        id: ActionId,
        found: ManualOutcome,
        evidence: &str,
    ) -> Result<Report, Failure> {
        let path = format!("/actions/{id}/finding");
        let body = FindingBody { executed: found.word().to_owned(), evidence: evidence.to_owned() };
        let answer: ClientResponse<ActionAnswer> =
            self.client()?.post(&path, &body, RequestEffect::Record)?;
        let exit = Exit::of_resolution(&answer.value);
        Ok(self.outcome(&answer, exit))
    }

    /// What came of an action, in words.
    fn outcome(&self, answer: &ClientResponse<ActionAnswer>, exit: Exit) -> Report {
        let text = text::outcome(words::catalogue(), &answer.value, &self.url.option());
        report(text, &answer.body, exit)
    }

    /// Declares a freeze.
    pub(super) fn freeze(
        &self,
        reason: &str,
        freeze_id: Option<ActionId>,
    ) -> Result<Report, Failure> {
        let freeze_id = freeze_id.map_or_else(fresh_id, Ok)?;
        let body = FreezeBody { freeze_id: freeze_id.to_string(), reason: reason.to_owned() };
        let posted = self.client()?.post::<FreezeAnswer>("/freeze", &body, RequestEffect::Record);
        let answer = posted.map_err(|failure| under(failure, "--freeze-id", freeze_id))?;
        Ok(report(text::freeze(words::catalogue(), &answer.value), &answer.body, Exit::Done))
    }

    /// Lifts a freeze: the one named, or the one that stands when this looks. What is sent names it,
    /// so it never lifts a later one (C7.2).
    pub(super) fn unfreeze(&self, reason: &str, freeze: Option<u64>) -> Result<Report, Failure> {
        let client = self.client()?;
        let mut text = TextLines::new();
        let freeze = if let Some(freeze) = freeze {
            freeze
        } else {
            let overview: ClientResponse<Overview> = client.get("/overview", &[])?;
            let none = || refused(Refusal::no_freeze(None, None));
            let stands = overview.value.freeze.ok_or_else(none)?;
            text.line(format!("Record {} declared the freeze that stands, {stands}", stands.seq));
            stands.seq
        };
        let body = UnfreezeBody { freeze: freeze.to_string(), reason: reason.to_owned() };
        let answer: ClientResponse<FreezeAnswer> =
            client.post("/unfreeze", &body, RequestEffect::Record)?;
        text.append(&text::freeze(words::catalogue(), &answer.value));
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// One action in full.
    pub(super) fn show(&self, id: ActionId) -> Result<Report, Failure> {
        let answer: ClientResponse<ActionAnswer> =
            self.client()?.get(&format!("/actions/{id}"), &[])?;
        let text = text::action(words::catalogue(), &answer.value, &self.url.option());
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// One node.
    pub(super) fn node(&self, id: &NodeId) -> Result<Report, Failure> {
        let path = format!("/nodes/{id}/overview");
        let answer: ClientResponse<NodeAnswer> = self.client()?.get(&path, &[])?;
        let (seen, option) = (&answer.value, self.url.option());
        let text = in_words(&seen.state.identity, |spec| text::node(spec, seen, &option));
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// One page of the timeline.
    pub(super) fn timeline(&self, filter: &TimelineArguments) -> Result<Report, Failure> {
        let mut query = filter.filter();
        let further = self.command("timeline", &query, filter.limit);
        query.extend(filter.before.clone().map(|before| ("before", before)));
        query.extend(filter.limit.map(|limit| ("limit", limit.to_string())));
        let answer: ClientResponse<Timeline> = self.client()?.get("/timeline", &query)?;
        let text = text::timeline(words::catalogue(), &answer.value, &further);
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// The command that reads a list of this server with these filters.
    pub(super) fn command(
        &self,
        list: &str,
        filter: &[(&str, String)],
        limit: Option<u32>,
    ) -> String {
        text::command(list, filter, limit) + &self.url.option()
    }

    /// A client with the credential of whoever runs the command. Without one the server answers
    /// that nobody is signed in: authority is judged there, not here.
    pub(super) fn client(&self) -> Result<ApiClient<'_>, Failure> {
        let token = match std::env::var_os(TOKEN) {
            // What is no text holds a character that no token has: it is refused below, and never
            // passed over for the session.
            Some(token) => Some(token.to_string_lossy().into_owned()),
            None => SessionFile::of_person()?.load(self.url)?.map(|session| session.token),
        };
        if token.as_ref().is_some_and(|token| !token.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(Failure::here(
                Exit::Usage,
                "The token in AERODB_CONTROL_TOKEN holds characters that no token has.",
            ));
        }
        Ok(ApiClient::new(self.url, token))
    }

    /// Puts the explanation of a rejected request before its refusal. Reading it is a question of
    /// its own: when that fails, the refusal stands as it came.
    fn with_explanation(&self, failure: Failure, id: ActionId) -> Failure {
        match failure {
            Failure::Refused { refusal, body, option, mut before }
                if refusal.code == RefusalCode::Rejected =>
            {
                let id = refusal.action_id.unwrap_or(id);
                let path = format!("/actions/{id}");
                let found = self.client().and_then(|to| to.get::<ActionAnswer>(&path, &[]));
                if let Ok(answer) = found {
                    before = text::requested(words::catalogue(), &answer.value, &self.url.option());
                }
                Failure::Refused { refusal, body, option, before }
            }
            failure => under(failure, "--action-id", id),
        }
    }
}

/// A request without an answer, with the id under which it can be sent again harmlessly (C7.2).
pub(super) fn under(failure: Failure, option: &str, id: ActionId) -> Failure {
    match failure {
        Failure::Unanswered { url, why, asked } => {
            let why = format!("{why} (the request was made under {option} {id})");
            Failure::Unanswered { url, why, asked }
        }
        other => other,
    }
}

pub(super) fn report(text: TextLines, body: &str, exit: Exit) -> Report {
    Report { text, json: inert_json(body), exit }
}

/// An id that nobody has used: the client makes it, so that a lost answer can be asked for again.
pub(super) fn fresh_id() -> Result<ActionId, Failure> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::here(Exit::Local, format!("This machine gives no random bytes: {error}."))
    })?;
    Ok(ActionId::from_random(bytes))
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::here(Exit::Local, format!("{error}."))
    }
}
