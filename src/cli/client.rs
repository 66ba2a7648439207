//! HTTP to one control plane. One call is one request on one connection: nothing is sent twice, no
//! redirect is followed, no proxy stands between (C2.4, C7.2).

mod download;

use super::address::Address;
use super::failure::{Failure, RequestEffect};
use super::output::complain;
use super::words;
use crate::http_client;
use crate::model::refusal::Refusal;
use crate::text::lines::TextLines;
use crate::web::KERNEL_HEADER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body, Error};

/// How long a connection may take: a host that drops packets should not hold a terminal.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take. Afterwards only this program stops waiting; nothing is undone.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
/// How long the answer to an order may take: a backup of much data takes long.
const ORDER_TIMEOUT: Duration = Duration::from_hours(24);
/// After how long it is said that the answer to something that was asked for is late.
const LATE: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes: a full page of the log with its explanations is smaller.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where a control plane says what its kernel is.
pub(super) const SPEC_PATH: &str = "/kernel/spec";

/// An answer, read and as it came.
#[derive(Debug)]
pub(super) struct ClientResponse<T> {
    /// The body, parsed.
    pub(super) value: T,
    /// The body as it came, for `--json`.
    pub(super) body: String,
}

/// The part of problem details (RFC 9457) that carries the refusal.
#[derive(Deserialize)]
struct ProblemBody {
    refusal: Refusal,
}

/// A client of one control plane.
pub(super) struct ApiClient<'a> {
    agent: Agent,
    url: &'a Address,
    token: Option<String>,
    /// The secret that the server gave the session in place of the one that is carried.
    renewed: RefCell<Option<String>>,
}

impl<'a> ApiClient<'a> {
    /// A client that carries this session or token, where there is one.
    pub(super) fn new(url: &'a Address, token: Option<String>) -> Self {
        let agent = http_client::agent(url.roots(), CONNECT_TIMEOUT, ANSWER_TIMEOUT);
        Self { agent, url, token, renewed: RefCell::default() }
    }

    /// The session or token that it carries.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// The secret that an answer gave the session, whatever else that answer said.
    pub(super) fn renewed(&self) -> Option<String> {
        self.renewed.borrow().clone()
    }

    /// Sends a GET and parses the JSON answer.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<ClientResponse<T>, Failure> {
        let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
        let mut request = self.agent.get(self.url.of(path)).query_pairs(pairs);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.read(request.call(), RequestEffect::Read)
    }

    /// Reads a file that has at most so many bytes, whatever is in it.
    pub(super) fn get_file(&self, path: &str, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut request = self.agent.get(self.url.of(path));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.answered(request.call(), RequestEffect::Read)?;
        if !response.status().is_success() {
            let answer = self.text::<()>(response, RequestEffect::Read);
            let why = || "a status that is neither a success nor a refusal".to_owned();
            let asked = RequestEffect::Read;
            let unanswered = Failure::Unanswered { url: self.url.clone(), why: why(), asked };
            return Err(answer.err().unwrap_or(unanswered));
        }
        // One byte more than the limit tells that there are more.
        let read = response.into_body().into_with_config().limit(limit as u64 + 1).read_to_vec();
        read.map_err(|error| {
            let (url, why) = (self.url.clone(), error.to_string());
            Failure::Unanswered { url, why, asked: RequestEffect::Read }
        })
    }

    /// Reads a stream of events line by line until it ends or `line` wants no more. What is lost of
    /// it is not asked for again.
    pub(super) fn listen(&self, path: &str, mut line: impl FnMut(&str) -> bool) {
        let mut request = self.agent.get(self.url.of(path));
        request = request.config().timeout_global(Some(ORDER_TIMEOUT)).build();
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let Ok(response) = request.call() else { return };
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        for read in lines.map_while(Result::ok) {
            if !line(&read) {
                return;
            }
        }
    }

    /// Asks for something, once.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        asked: RequestEffect,
    ) -> Result<ClientResponse<T>, Failure> {
        let body = serde_json::to_vec(body).expect("what is sent holds text keys only");
        let mut request =
            self.agent.post(self.url.of(path)).header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if matches!(asked, RequestEffect::Order(_)) {
            request = request.config().timeout_global(Some(ORDER_TIMEOUT)).build();
        }
        // It hangs up when the answer is there, and the process does not wait for the thread.
        let (_answered, hears) = mpsc::channel();
        let late = late(asked, &self.url.option());
        std::thread::spawn(move || say_when_late(&hears, &late));
        self.read(request.send(&body), asked)
    }

    fn read<T: DeserializeOwned>(
        &self,
        outcome: Result<Response<Body>, Error>,
        asked: RequestEffect,
    ) -> Result<ClientResponse<T>, Failure> {
        self.text(self.answered(outcome, asked)?, asked)
    }

    fn answered(
        &self,
        outcome: Result<Response<Body>, Error>,
        asked: RequestEffect,
    ) -> Result<Response<Body>, Failure> {
        if let Some(secret) = outcome.as_ref().ok().and_then(session_in) {
            self.renewed.replace(Some(secret));
        }
        if let Some(kind) = outcome.as_ref().ok().and_then(kernel_in)
            && words::spec(kind).is_none()
            && !words::has_asked()
        {
            self.learn_words();
        }
        outcome.map_err(|error| {
            let (url, why) = (self.url.clone(), error.to_string());
            if proves_nothing_was_sent(&error) {
                Failure::Unreachable { url, why }
            } else {
                Failure::Unanswered { url, why, asked }
            }
        })
    }

    /// Asks once what the kernel of the server is called and means. Where there is no answer, words stay
    /// as they are.
    fn learn_words(&self) {
        let mut request = self.agent.get(self.url.of(SPEC_PATH));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.call().ok().filter(|response| response.status().is_success());
        let read = answer.and_then(|response| {
            let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX);
            body.read_to_string().ok()
        });
        let json: Option<serde_json::Value> =
            read.and_then(|text| serde_json::from_str(&text).ok());
        words::learn(json.as_ref());
    }

    fn text<T: DeserializeOwned>(
        &self,
        response: Response<Body>,
        asked: RequestEffect,
    ) -> Result<ClientResponse<T>, Failure> {
        let unanswered = |why: String| Failure::Unanswered { url: self.url.clone(), why, asked };
        let status = response.status();
        let read = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let body = read.map_err(|error| unanswered(error.to_string()))?;
        if status.is_success() {
            // 204 has no body; it reads as `null`, which `()` accepts.
            let text = if body.trim().is_empty() { "null" } else { body.as_str() };
            let value = serde_json::from_str(text)
                .map_err(|error| unanswered(format!("status {status}, and {error}")))?;
            return Ok(ClientResponse { value, body });
        }
        match serde_json::from_str::<ProblemBody>(&body) {
            Ok(problem) => Err(Failure::Refused {
                refusal: Box::new(problem.refusal),
                body,
                option: self.url.option(),
                before: TextLines::new(),
            }),
            Err(_) => Err(unanswered(format!("status {status} without a refusal"))),
        }
    }
}

/// Says on standard error that an answer is late, where it does not come within [`LATE`].
fn say_when_late(answered: &Receiver<()>, late: &str) {
    if answered.recv_timeout(LATE) == Err(RecvTimeoutError::Timeout) {
        complain(late);
    }
}

/// What is said of a late answer: nothing about what became of the request, for that is not known.
fn late(asked: RequestEffect, option: &str) -> String {
    let seconds = LATE.as_secs();
    let mut said = format!("No answer after {seconds} seconds; still waiting.");
    if let RequestEffect::Order(id) = asked {
        said.push_str(&format!(
            " To see from another terminal what is known: aerodb-control show {id}{option}"
        ));
    }
    said + "\n"
}

/// The secret of a session that an answer sets as its cookie.
fn session_in(response: &Response<Body>) -> Option<String> {
    let set = response.headers().get("set-cookie")?.to_str().ok()?;
    let (_, value) = set.split(';').next()?.split_once('=')?;
    let has_form =
        value.starts_with("aerodb_session_") && value.bytes().all(|b| b.is_ascii_graphic());
    has_form.then(|| value.to_owned())
}

/// The kind of kernel that an answer is about.
fn kernel_in(response: &Response<Body>) -> Option<&str> {
    response.headers().get(KERNEL_HEADER)?.to_str().ok()
}

/// Whether an error is proof that no byte of the request left. Anything else may have arrived.
fn proves_nothing_was_sent(error: &Error) -> bool {
    match error {
        Error::HostNotFound | Error::ConnectionFailed | Error::BadUri(_) => true,
        Error::Timeout(at) => matches!(at, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        Error::Io(error) => {
            http_client::is_untrusted(error)
                || matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused
                        | ErrorKind::HostUnreachable
                        | ErrorKind::NetworkUnreachable
                        | ErrorKind::AddrNotAvailable
                )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use crate::model::action::ActionId;
    use crate::model::refusal::RefusalCode;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    /// A server that answers every connection with these bytes, and says what it was sent.
    fn server(answer: &'static str) -> (Address, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (sent, seen) = mpsc::channel();
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut buffer = [0u8; 16 * 1024];
                let mut text = String::new();
                while !text.contains("\r\n\r\n")
                    || (text.starts_with("POST") && !text.ends_with('}'))
                {
                    let count = stream.read(&mut buffer).expect("readable");
                    text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                    if count == 0 {
                        break;
                    }
                }
                if sent.send(text).is_err() {
                    return;
                }
                stream.write_all(answer.as_bytes()).expect("writable");
            }
        });
        (Address::parse(&url).expect("valid"), seen)
    }

    fn confirm(url: &Address) -> Failure {
        let asked = RequestEffect::Order(ActionId::from_random([1; 16]));
        let body = serde_json::json!({ "digest": "00" });
        ApiClient::new(url, Some("secret".into()))
            .post::<serde_json::Value>("/actions/x/confirm", &body, asked)
            .expect_err("no answer of this kind is a success")
    }

    #[test]
    fn a_confirmation_that_is_cut_off_is_sent_once_and_unknown() {
        let (url, seen) = server("");
        assert_eq!(confirm(&url).exit(), Exit::Unknown);
        let sent = seen.recv().expect("one request");
        assert!(sent.starts_with("POST /api/v1/actions/x/confirm HTTP/1.1\r\n"), "{sent}");
        assert!(sent.to_lowercase().contains("authorization: bearer secret\r\n"), "{sent}");
        assert!(seen.try_recv().is_err(), "it was sent twice");
    }

    #[test]
    fn no_redirect_is_followed() {
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
        {
            let answer = format!(
                "HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\
                 connection: close\r\n\r\n"
            );
            let (url, seen) = server(Box::leak(answer.into_boxed_str()));
            assert_eq!(confirm(&url).exit(), Exit::Unknown, "{status}");
            seen.recv().expect("one request");
            assert!(seen.try_recv().is_err(), "{status} was followed");
        }
    }

    #[test]
    fn an_answer_of_something_else_is_no_success_and_no_refusal() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
            "not http at all\r\n\r\n",
        ] {
            let (url, _seen) = server(answer);
            assert_eq!(confirm(&url).exit(), Exit::Unknown, "{answer}");
        }
    }

    #[test]
    fn a_port_without_a_server_is_unreachable_and_nothing_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        drop(listener);
        let url = Address::parse(&url).expect("valid");
        let failure = confirm(&url);
        assert!(matches!(failure, Failure::Unreachable { .. }), "{failure:?}");
        assert_eq!(failure.exit(), Exit::Unreachable);
    }

    #[test]
    fn a_refusal_is_read_from_problem_details() {
        let refusal = Refusal::new(RefusalCode::Stale, "It moved.");
        let body = serde_json::json!({ "status": 409, "refusal": refusal }).to_string();
        let answer = format!(
            "HTTP/1.1 409 Conflict\r\ncontent-type: application/problem+json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let (url, _seen) = server(Box::leak(answer.into_boxed_str()));
        let failure = confirm(&url);
        assert_eq!(failure.exit(), Exit::Stale);
        assert_eq!(failure.json(), format!("{body}\n"));
    }
}
