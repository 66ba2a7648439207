//! A proxy before a server, which breaks the network in the ways in which a network breaks.
//!
//! A connection is known by the `application_name` of its first message, so that the stream of a standby, an
//! observation and an order can fare differently.

use super::TrialError;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMode {
    /// Bytes go both ways.
    Pass,
    /// What the client sends is kept, and arrives when this ends, even if the client has gone by then.
    HoldRequests,
    /// What the server sends is kept.
    HoldAnswers,
    /// Nothing arrives anywhere, and nobody is told.
    Stall,
    /// The connection ends. A new one is accepted and closed at once.
    Refuse,
}

/// A proxy that listens at a port of its own, until it is dropped.
#[derive(Debug)]
pub struct TcpProxy {
    port: u16,
    shared: Arc<ProxyState>,
    acceptor: Option<thread::JoinHandle<()>>,
    address: SocketAddr,
}

#[derive(Debug, Default)]
struct ProxyState {
    rules: Mutex<ProxyRules>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ProxyRules {
    /// The beginning or the end of a name, and what becomes of its connections; the last that fits wins.
    by_name: Vec<(String, LinkMode)>,
    links: Vec<ProxyLink>,
    is_closed: bool,
    made: u64,
    /// Bytes of clients that were kept back now, by the name of their connection.
    kept: Vec<(u64, usize)>,
}

#[derive(Debug)]
struct ProxyLink {
    number: u64,
    /// Empty until the first message has told it.
    name: String,
    client: TcpStream,
    server: TcpStream,
}

fn is_part(name: &str, part: &str) -> bool {
    name.starts_with(part) || name.ends_with(part)
}

impl ProxyRules {
    fn of(&self, name: &str) -> LinkMode {
        let fits = |(part, _): &&(String, LinkMode)| is_part(name, part);
        self.by_name.iter().rev().find(fits).map_or(LinkMode::Pass, |(_, mode)| *mode)
    }

    fn name(&self, number: u64) -> Option<&str> {
        let link = self.links.iter().find(|link| link.number == number)?;
        Some(&link.name)
    }
}

impl ProxyState {
    fn rules(&self) -> MutexGuard<'_, ProxyRules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TcpProxy {
    /// A proxy at a free port of this address, before a server that need not listen yet.
    pub fn start(host: &str, to: (&str, u16)) -> Result<Self, TrialError> {
        let tried = || TrialError::io(format!("to listen as a proxy at {host}"));
        let listener = TcpListener::bind((host, 0)).map_err(tried())?;
        let address = listener.local_addr().map_err(tried())?;
        let shared = Arc::new(ProxyState::default());
        let (state, to) = (Arc::clone(&shared), (to.0.to_owned(), to.1));
        let acceptor = thread::spawn(move || accept(&listener, &to, &state));
        Ok(Self { port: address.port(), shared, acceptor: Some(acceptor), address })
    }

    /// The port that it listens at.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Decides what becomes of all connections, those that are open too.
    pub fn set(&self, mode: LinkMode) {
        let mut rules = self.shared.rules();
        rules.by_name.clear();
        drop(rules);
        self.set_for("", mode);
    }

    /// Decides it for those whose `application_name` begins or ends so.
    pub fn set_for(&self, part: &str, mode: LinkMode) {
        let mut rules = self.shared.rules();
        rules.by_name.retain(|(other, _)| other != part);
        rules.by_name.push((part.to_owned(), mode));
        let refused: Vec<u64> = rules
            .links
            .iter()
            .filter(|link| rules.of(&link.name) == LinkMode::Refuse)
            .map(|link| link.number)
            .collect();
        for number in refused {
            end(&mut rules, number);
        }
        drop(rules);
        self.shared.changed.notify_all();
    }

    /// The names of the connections that are open, in the order in which they were made.
    pub fn names(&self) -> Vec<String> {
        self.shared.rules().links.iter().map(|link| link.name.clone()).collect()
    }

    /// How many bytes of clients with such names are kept back now.
    pub fn kept(&self, part: &str) -> usize {
        let rules = self.shared.rules();
        let fits = |number: u64| rules.name(number).is_some_and(|name| is_part(name, part));
        rules.kept.iter().filter(|(number, _)| fits(*number)).map(|(_, bytes)| bytes).sum()
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        let mut rules = self.shared.rules();
        rules.is_closed = true;
        let all: Vec<u64> = rules.links.iter().map(|link| link.number).collect();
        for number in all {
            end(&mut rules, number);
        }
        drop(rules);
        self.shared.changed.notify_all();
        // A connection wakes the thread that accepts them.
        drop(TcpStream::connect(self.address));
        self.acceptor.take().map(thread::JoinHandle::join);
    }
}

/// Ends a connection on both sides.
fn end(rules: &mut ProxyRules, number: u64) {
    let (gone, stay) = rules.links.drain(..).partition(|link| link.number == number);
    rules.links = stay;
    rules.kept.retain(|(other, _)| *other != number);
    let gone: Vec<ProxyLink> = gone;
    for link in gone {
        drop(link.client.shutdown(Shutdown::Both));
        drop(link.server.shutdown(Shutdown::Both));
    }
}

fn accept(listener: &TcpListener, to: &(String, u16), state: &Arc<ProxyState>) {
    for client in listener.incoming() {
        if state.rules().is_closed {
            return;
        }
        // A server that does not listen is a connection that ends at once.
        if let Ok(client) = client {
            drop(link(client, to, state));
        }
    }
}

fn link(client: TcpStream, to: &(String, u16), state: &Arc<ProxyState>) -> std::io::Result<()> {
    if state.rules().of("") == LinkMode::Refuse {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect((to.0.as_str(), to.1))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut rules = state.rules();
    rules.made += 1;
    let number = rules.made;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    rules.links.push(ProxyLink { number, name: String::new(), client, server });
    drop(rules);
    let (up, down) = (Arc::clone(state), Arc::clone(state));
    thread::spawn(move || pump(&up, number, LinkEnd::Client, from_client, to_server));
    thread::spawn(move || pump(&down, number, LinkEnd::Server, from_server, to_client));
    Ok(())
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkEnd {
    Client,
    Server,
}

impl LinkEnd {
    fn is_kept_by(self, mode: LinkMode) -> bool {
        match mode {
            LinkMode::Stall => true,
            LinkMode::HoldRequests => self == Self::Client,
            LinkMode::HoldAnswers => self == Self::Server,
            LinkMode::Pass | LinkMode::Refuse => false,
        }
    }
}

fn pump(state: &ProxyState, number: u64, side: LinkEnd, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; 65_536];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let Some(bytes) = buffer.get(..read) else { break };
        if side == LinkEnd::Client {
            learn_name(state, number, bytes);
        }
        let passes = may_pass(state, number, side, read);
        if !passes || read == 0 || to.write_all(bytes).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
    if side == LinkEnd::Server {
        // A server that has ended the connection hears nothing more.
        end(&mut state.rules(), number);
    }
}

/// Waits until bytes of this side may go on; false when the connection was ended meanwhile.
fn may_pass(state: &ProxyState, number: u64, side: LinkEnd, bytes: usize) -> bool {
    let mut rules = state.rules();
    let mut is_kept = false;
    loop {
        let Some(mode) = rules.name(number).map(|name| rules.of(name)) else { return false };
        if !side.is_kept_by(mode) {
            break;
        }
        if !is_kept && side == LinkEnd::Client {
            rules.kept.push((number, bytes));
            is_kept = true;
        }
        rules = state.changed.wait(rules).unwrap_or_else(PoisonError::into_inner);
    }
    if is_kept {
        rules.kept.retain(|(other, _)| *other != number);
    }
    true
}

/// Reads the name of a connection from the message that begins it.
fn learn_name(state: &ProxyState, number: u64, bytes: &[u8]) {
    let mut rules = state.rules();
    let Some(link) = rules.links.iter_mut().find(|link| link.number == number) else { return };
    if !link.name.is_empty() {
        return;
    }
    let mut texts = bytes.split(|byte| *byte == 0);
    if texts.any(|text| text == b"application_name") {
        link.name = String::from_utf8_lossy(texts.next().unwrap_or_default()).into_owned();
    }
    let refused = rules.name(number).is_some_and(|name| rules.of(name) == LinkMode::Refuse);
    if refused {
        end(&mut rules, number);
    }
}
