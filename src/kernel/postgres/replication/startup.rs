//! How a replication connection begins: encryption, the startup message, and the proof of the password.

use super::ReplicationError;
use super::wire::{ByteStream, MessageStream};
use crate::kernel::postgres::config::{NodeAddress, RolePassword};
use crate::kernel::postgres::connection::ConnectError;
use crate::kernel::postgres::tls::Encryptor;
use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the server answers where it goes on encrypted.
const TLS_ACCEPTED: u8 = b'S';
const SIGNING_IN: &str = "signing in";
/// The server warns of each page that it finds rotten, whatever its settings say of warnings.
const OPTIONS: &str = "-c client_min_messages=notice";

/// Where a replication connection goes, and as whom.
#[derive(Debug)]
pub(super) struct LoginRequest<'a> {
    pub(super) node: &'a NodeAddress,
    pub(super) role: &'a str,
    /// Absent where the server asks for none.
    pub(super) password: Option<RolePassword>,
    pub(super) application_name: &'a str,
    /// Absent where nothing is encrypted.
    pub(super) encryption: Option<Arc<ClientConfig>>,
    /// The longest wait for a message.
    pub(super) silence: Duration,
}

/// A connection that takes commands, and the process that serves it.
pub(super) async fn sign_in(
    request: &LoginRequest<'_>,
) -> Result<(MessageStream, i32), ConnectError> {
    let (stream, end_point) = open(request).await?;
    let mut wire = MessageStream::new(stream, request.silence);
    let parameters = [
        ("user", request.role),
        ("replication", "true"),
        ("application_name", request.application_name),
        ("client_encoding", "UTF8"),
        ("options", OPTIONS),
    ];
    wire.send(SIGNING_IN, |buffer| frontend::startup_message(parameters, buffer)).await?;
    match wire.next(SIGNING_IN).await? {
        Message::AuthenticationOk => {}
        Message::AuthenticationSasl(body) => scram(&mut wire, &body, request, end_point).await?,
        _ => return Err(untrusted("the server asks for a proof other than SCRAM-SHA-256")),
    }
    let Message::BackendKeyData(key) = wire.next(SIGNING_IN).await? else {
        return Err(wire.out_of_place(SIGNING_IN).into());
    };
    wire.ready(SIGNING_IN).await?;
    Ok((wire, key.process_id()))
}

/// The bytes to the server, and what names its certificate where they are encrypted.
async fn open(
    request: &LoginRequest<'_>,
) -> Result<(Box<dyn ByteStream>, Option<Vec<u8>>), ConnectError> {
    let unreachable = |error: io::Error| ConnectError::Unreachable { why: error.to_string() };
    let node = request.node;
    let tcp = TcpStream::connect((node.host.as_str(), node.port)).await;
    let mut tcp = tcp.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    if request.encryption.is_none() {
        // What a name stands for can change after the settings were read.
        let peer = tcp.peer_addr().map_err(unreachable)?;
        if !peer.ip().is_loopback() {
            return Err(untrusted(&format!("{node} is {peer}, and nothing is encrypted")));
        }
        return Ok((Box::new(tcp), None));
    }
    let mut asked = BytesMut::new();
    frontend::ssl_request(&mut asked);
    tcp.write_all(&asked).await.map_err(unreachable)?;
    // One byte and no more: what came with it would not have been encrypted.
    if tcp.read_u8().await.map_err(unreachable)? != TLS_ACCEPTED {
        return Err(untrusted("the server does not encrypt"));
    }
    let stream = Encryptor::new(request.encryption.clone(), &node.host).encrypt(tcp).await;
    let stream = stream.map_err(|error| untrusted(&error.to_string()))?;
    let end_point = stream.end_point().to_vec();
    Ok((Box::new(stream), Some(end_point)))
}

/// Proves the password, and sees the server prove that it knows it. Where the connection is encrypted the
/// proof is bound to the certificate: whoever stands between gets nothing to pass on.
async fn scram(
    wire: &mut MessageStream,
    offered: &AuthenticationSaslBody,
    request: &LoginRequest<'_>,
    end_point: Option<Vec<u8>>,
) -> Result<(), ConnectError> {
    let (mechanism, binding) = match end_point {
        Some(end_point) => (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(end_point)),
        None => (SCRAM_SHA_256, ChannelBinding::unsupported()),
    };
    let offers = offered.mechanisms().any(|name| Ok(name == mechanism));
    if !offers.map_err(|_| wire.out_of_place(SIGNING_IN))? {
        return Err(untrusted(&format!("the server does not offer {mechanism}")));
    }
    let Some(password) = &request.password else {
        let why = "the server asks for a password, and no file with one is configured".to_owned();
        return Err(ConnectError::Password { why });
    };
    let mut scram = ScramSha256::new(password.as_bytes(), binding);
    let first =
        |buffer: &mut BytesMut| frontend::sasl_initial_response(mechanism, scram.message(), buffer);
    wire.send(SIGNING_IN, first).await?;
    let Message::AuthenticationSaslContinue(body) = wire.next(SIGNING_IN).await? else {
        return Err(wire.out_of_place(SIGNING_IN).into());
    };
    let wrong = |what: &str| untrusted(&format!("the server's {what} is not one of SCRAM"));
    scram.update(body.data()).map_err(|_| wrong("challenge"))?;
    wire.send(SIGNING_IN, |buffer| frontend::sasl_response(scram.message(), buffer)).await?;
    let Message::AuthenticationSaslFinal(body) = wire.next(SIGNING_IN).await? else {
        return Err(wire.out_of_place(SIGNING_IN).into());
    };
    scram.finish(body.data()).map_err(|_| wrong("proof"))?;
    match wire.next(SIGNING_IN).await? {
        Message::AuthenticationOk => Ok(()),
        _ => Err(wire.out_of_place(SIGNING_IN).into()),
    }
}

fn untrusted(what: &str) -> ConnectError {
    ConnectError::Untrusted { why: format!("{what}: no password was sent") }
}

impl From<ReplicationError> for ConnectError {
    fn from(error: ReplicationError) -> Self {
        match error {
            ReplicationError::Refused { code, message } => Self::Refused { code, message },
            ReplicationError::Lost { why } => Self::Unreachable { why },
            ReplicationError::Deadline { after, .. } => Self::Deadline { after },
            ReplicationError::Unexpected { .. } => Self::Untrusted { why: error.to_string() },
        }
    }
}
