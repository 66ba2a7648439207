//! One listener with its limits: how many connections, and how long each step may take.
//!
//! Whoever sends slowly, or nothing, costs a connection for seconds and no more. At the limit a new
//! connection takes the place of the oldest one that is not working on a request, or of the oldest of
//! all where every one is: people get in while somebody hoards connections. What an operator has
//! confirmed runs to its end without the connection.

mod head;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use head::{HeadInTime, Requests};
use http_body::Frame;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};
use tower_service::Service;

/// Connections that one listener holds at most, where the system lets the program open enough files.
pub const CONNECTIONS_MAX: usize = 2_048;
/// Files that the program needs besides its connections: databases, logs, readers, and some to spare.
const FILES_BESIDE: u64 = 256;
/// How long a connection may take to send the head of a request, from its first byte, and before the
/// first one to agree on how it is encrypted.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may be idle between two requests. Longer than proxies keep their connections
/// to a server (nginx and most load balancers 60 s, Go 90 s, Caddy 2 min): a server that is the first to
/// close answers a request that is on its way with a reset. Under pressure an idle one goes at once.
pub const IDLE_FOR: Duration = Duration::from_mins(3);
/// How long a request may take to send its body.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Raises the limit of open files for so many listeners, and says how many connections each may hold.
pub(super) fn connections_each(listeners: usize) -> usize {
    let listeners = u64::try_from(listeners.max(1)).unwrap_or(u64::MAX);
    let wanted = listeners * u64::try_from(CONNECTIONS_MAX).unwrap_or(u64::MAX) + FILES_BESIDE;
    // Where even the present limit is unknown, the smallest usual one is assumed.
    let files = rlimit::increase_nofile_limit(wanted).unwrap_or(1_024);
    let each = files.saturating_sub(FILES_BESIDE) / listeners;
    usize::try_from(each).unwrap_or(usize::MAX).clamp(16, CONNECTIONS_MAX)
}

/// Serves a router until `handle` says stop; with `tls`, encrypted. Every limit is the same then: a
/// connection takes its place before it has agreed on anything.
///
/// # Errors
/// When the listener fails.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    handle: Handle<SocketAddr>,
    tls: Option<RustlsConfig>,
) -> io::Result<()> {
    let router = router.layer(from_fn(body_in_time)).layer(from_fn(idle_time_said));
    let mut server = Server::from_listener(listener)
        .handle(handle)
        .first_request_timeout(HEAD_WITHIN)
        .http1_only();
    server.http_builder().http1().header_read_timeout(IDLE_FOR);
    let keeper = Doorkeeper { connections, ..Doorkeeper::default() };
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => server.acceptor(keeper).serve(router).await,
        Some(config) => {
            let encrypted = RustlsAcceptor::new(config).handshake_timeout(HEAD_WITHIN);
            server.acceptor(encrypted.acceptor(keeper)).serve(router).await
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a limit ends a request; it begins nothing")]
async fn body_in_time(request: Request, next: Next) -> Response {
    let timed = |inner| Body::new(InTime { inner, over: Box::pin(sleep(BODY_WITHIN)) });
    next.run(request.map(timed)).await
}

/// Says how long a connection is kept, in the one version whose clients read it there.
async fn idle_time_said(request: Request, next: Next) -> Response {
    let version = request.version();
    let mut response = next.run(request).await;
    if version == Version::HTTP_11 && !response.headers().contains_key(header::CONNECTION) {
        let said = HeaderValue::from_str(&format!("timeout={}", IDLE_FOR.as_secs()));
        response.headers_mut().insert("keep-alive", said.expect("digits can stand in a header"));
    }
    response
}

/// A body that ends in an error when it is not there in time.
struct InTime {
    inner: Body,
    over: Pin<Box<Sleep>>,
}

impl HttpBody for InTime {
    type Data = <Body as HttpBody>::Data;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.over.as_mut().poll(context).is_ready() {
            let late = io::Error::new(io::ErrorKind::TimedOut, "the body was not sent in time");
            return Poll::Ready(Some(Err(axum::Error::new(late))));
        }
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

/// Who is in, by the order of arrival.
#[derive(Clone, Default)]
struct Doorkeeper {
    /// How many may be in at once.
    connections: usize,
    inside: Arc<Mutex<BTreeMap<u64, GuestConnection>>>,
    arrivals: Arc<AtomicU64>,
}

/// One connection that is in.
struct GuestConnection {
    /// What it asked for.
    requests: Arc<Requests>,
    /// Ends it.
    leave: oneshot::Sender<()>,
}

impl Doorkeeper {
    /// A place for a new connection.
    fn admit(&self) -> (Seat, Arc<Requests>) {
        let mut inside = self.lock();
        if inside.len() >= self.connections {
            let idle = |guest: &GuestConnection| guest.requests.working() == 0;
            let oldest = inside.iter().find(|(_, guest)| idle(guest)).or(inside.iter().next());
            let oldest = oldest.map(|(number, _)| *number);
            if let Some(guest) = oldest.and_then(|number| inside.remove(&number)) {
                // Where it is gone already, nobody is left to hear it.
                let _ = guest.leave.send(());
            }
        }
        let number = self.arrivals.fetch_add(1, Ordering::SeqCst);
        let (leave, told) = oneshot::channel();
        let requests = Arc::new(Requests::default());
        inside.insert(number, GuestConnection { requests: Arc::clone(&requests), leave });
        (Seat { keeper: self.clone(), number, told, left: false }, requests)
    }

    // A panic while it was held left a whole map behind.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, GuestConnection>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Accept<TcpStream, S> for Doorkeeper {
    type Stream = Seated;
    type Service = CountingService<S>;
    type Future = std::future::Ready<io::Result<(Seated, CountingService<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let (seat, requests) = self.admit();
        let head = HeadInTime::new(Arc::clone(&requests), HEAD_WITHIN);
        let counted = CountingService { inner: service, requests };
        std::future::ready(Ok((Seated { stream, seat, head }, counted)))
    }
}

/// The place of a connection, given back when it is dropped.
struct Seat {
    keeper: Doorkeeper,
    number: u64,
    told: oneshot::Receiver<()>,
    left: bool,
}

impl Seat {
    /// Whether the connection has to leave. Asked on reading and on writing: a client that does not
    /// read its answer must not keep its connection by that.
    fn ends(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.left = self.left || Pin::new(&mut self.told).poll(context).is_ready();
        if self.left { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.keeper.lock().remove(&self.number);
    }
}

/// A connection in its place. It is broken from when it has to leave.
struct Seated {
    stream: TcpStream,
    seat: Seat,
    head: HeadInTime,
}

impl AsyncRead for Seated {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.seat.ends(context)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.head.after_read(buffer.filled().len() > before, context)?;
        read
    }
}

impl AsyncWrite for Seated {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.seat.ends(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.seat.ends(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A service that counts the requests it is working on. A stream of events counts until its head is
/// answered: a browser opens it again.
#[derive(Clone)]
struct CountingService<S> {
    inner: S,
    requests: Arc<Requests>,
}

impl<S, R> Service<R> for CountingService<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let work = self.requests.begin();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(work);
            answer
        })
    }
}
