//! Clients that know no mercy, and a proxy that delays, repeats and cuts what passes through it.

use crate::faults::fault_disk::Rng;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long a silent connection is waited for. A server that is killed ends its connections at once,
/// so this only bounds a test that hangs.
const SILENCE: Duration = Duration::from_secs(20);
/// In a hundred requests, so many are swallowed, delivered in part, delivered more than once, and
/// have their answer cut off.
const SWALLOWED: u64 = 6;
const HALVED: u64 = 6;
const REPEATED: u64 = 30;
const UNANSWERED: u64 = 12;
/// A late delivery: after so many milliseconds it reaches whichever server is there by then.
const LATE_MILLIS: u64 = 400;
/// A delivery that is not late begins within so many milliseconds.
const SOON_MILLIS: u64 = 12;

/// Waits. What is waited for is the time that a slow network takes.
pub fn pass(millis: u64) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(Duration::from_millis(millis));
}

/// One request as bytes.
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends a request on a connection of its own; `None` where no whole answer came.
pub fn exchange(to: SocketAddr, request: &[u8]) -> Option<(u16, Value)> {
    let (status, body) = fetch(to, request)?;
    Some((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
}

/// The same, with the body as it came: a page is sent in chunks, and they stay in it.
pub fn fetch(to: SocketAddr, request: &[u8]) -> Option<(u16, String)> {
    let answer = carry_over(to, request)?;
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let is_whole = match header(head, "content-length") {
        Some(length) => body.len() == length,
        None => body.ends_with("0\r\n\r\n"),
    };
    is_whole.then(|| (status, body.to_owned()))
}

fn carry_over(to: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(to).ok()?;
    server.set_read_timeout(Some(SILENCE)).ok()?;
    server.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}

fn header(head: &str, name: &str) -> Option<usize> {
    let mut lines = head.lines();
    lines.find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().parse().ok())?
    })
}

/// What the proxy did.
#[derive(Default)]
pub struct Traffic {
    /// Requests that clients sent.
    pub requests: AtomicU64,
    /// Deliveries to a server, whole.
    pub deliveries: AtomicU64,
    /// Requests or answers that were cut.
    pub cuts: AtomicU64,
}

/// Burns down with every whole delivery, and says so when it is at its end.
struct Fuse {
    left: u64,
    burnt: mpsc::Sender<bool>,
}

struct ProxyShared {
    fuse: Mutex<Option<Fuse>>,
    target: Mutex<Option<SocketAddr>>,
    rng: Mutex<Rng>,
    open: AtomicBool,
    traffic: Traffic,
}

/// The proxy. It has one address, also while the server behind it changes.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<ProxyShared>,
}

impl FaultProxy {
    /// A proxy before no server.
    pub fn start(seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(ProxyShared {
            fuse: Mutex::new(None),
            target: Mutex::new(None),
            rng: Mutex::new(Rng::seeded(seed)),
            open: AtomicBool::new(true),
            traffic: Traffic::default(),
        });
        let inner = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !inner.open.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&inner);
                thread::spawn(move || shared.carry(client));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server that stands behind it from now on.
    pub fn aim(&self, target: Option<SocketAddr>) {
        *self.shared.target.lock().expect("a target") = target;
    }

    /// After so many deliveries sends `true`, once.
    pub fn light(&self, deliveries: u64, burnt: mpsc::Sender<bool>) {
        *self.shared.fuse.lock().expect("a fuse") = Some(Fuse { left: deliveries, burnt });
    }

    /// What it did so far.
    pub fn traffic(&self) -> &Traffic {
        &self.shared.traffic
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.open.store(false, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// What becomes of one request.
struct Fate {
    swallowed: bool,
    unanswered: bool,
    /// For each delivery: after how long, and whether it is whole.
    deliveries: Vec<(u64, bool)>,
}

impl ProxyShared {
    fn fate(&self) -> Fate {
        let mut rng = self.rng.lock().expect("a coin");
        let repeats = if rng.below(100) < REPEATED { 1 + rng.below(2) } else { 0 };
        let mut deliveries = vec![(rng.below(8), rng.below(100) >= HALVED)];
        for _ in 0..repeats {
            let late = if rng.below(3) == 0 { LATE_MILLIS } else { SOON_MILLIS };
            deliveries.push((rng.below(late), rng.below(100) >= HALVED));
        }
        let (swallowed, unanswered) = (rng.below(100) < SWALLOWED, rng.below(100) < UNANSWERED);
        Fate { swallowed, unanswered, deliveries }
    }

    fn carry(self: Arc<Self>, mut client: TcpStream) {
        let Some(request) = read_request(&mut client) else { return };
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        let fate = self.fate();
        if fate.swallowed {
            self.traffic.cuts.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (sender, answers) = mpsc::channel();
        for (delay, whole) in fate.deliveries {
            let (shared, request, sender) = (Arc::clone(&self), request.clone(), sender.clone());
            // Nobody waits for what comes late.
            let sender = (delay < SOON_MILLIS).then_some(sender);
            thread::spawn(move || {
                pass(delay);
                let answer = shared.deliver(&request, whole);
                let _ = sender.map(|sender| sender.send(answer));
            });
        }
        drop(sender);
        let Some(answer) = answers.into_iter().flatten().next() else { return };
        if fate.unanswered {
            self.traffic.cuts.fetch_add(1, Ordering::Relaxed);
            let _ = client.write_all(&answer[..answer.len() / 2]);
        } else {
            let _ = client.write_all(&answer);
        }
    }

    fn burn(&self) {
        let mut fuse = self.fuse.lock().expect("a fuse");
        if let Some(burning) = fuse.as_mut() {
            burning.left = burning.left.saturating_sub(1);
            if burning.left == 0 {
                let _ = burning.burnt.send(true);
                *fuse = None;
            }
        }
    }

    fn deliver(&self, request: &[u8], whole: bool) -> Option<Vec<u8>> {
        let target = (*self.target.lock().expect("a target"))?;
        if whole {
            self.traffic.deliveries.fetch_add(1, Ordering::Relaxed);
            self.burn();
            return carry_over(target, request);
        }
        self.traffic.cuts.fetch_add(1, Ordering::Relaxed);
        let mut server = TcpStream::connect(target).ok()?;
        server.write_all(&request[..request.len() / 2]).ok()?;
        None
    }
}

fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    client.set_read_timeout(Some(SILENCE)).ok()?;
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let length = client.read(&mut part).ok()?;
        if length == 0 {
            return None;
        }
        request.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if body.len() >= header(head, "content-length").unwrap_or(0) {
            return Some(request);
        }
    }
}
