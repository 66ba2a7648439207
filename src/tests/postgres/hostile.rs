//! A server that answers what it was told to answer, whatever it is asked: what stands between this program
//! and a server can do that.

use aerodb_control::kernel::postgres::config::{DatabaseCredential, Deadlines, NodeAddress};
use aerodb_control::kernel::postgres::connection::ConnectError;
use aerodb_control::kernel::postgres::replication::ReplicationClient;
use aerodb_control::model::text::NodeId;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One message of a server.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// An answer of the server to a demand for a proof.
pub fn authentication(kind: u32, more: &[u8]) -> Vec<u8> {
    message(b'R', &[&kind.to_be_bytes(), more].concat())
}

/// That the server takes commands.
pub fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// That the client is signed in, without having proven anything.
pub fn welcome() -> Vec<u8> {
    [authentication(0, b""), message(b'K', &[0; 8]), ready()].concat()
}

/// A result without a description of its columns.
pub fn rows(rows: &[&[Option<&str>]]) -> Vec<u8> {
    let mut answer = message(b'T', &[0, 0]);
    for row in rows {
        let mut body = u16::try_from(row.len()).unwrap().to_be_bytes().to_vec();
        for value in *row {
            let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap());
            body.extend(length.to_be_bytes());
            body.extend(value.unwrap_or_default().as_bytes());
        }
        answer.extend(message(b'D', &body));
    }
    answer.extend(message(b'C', b"SELECT\0"));
    answer
}

/// A server for one connection.
pub struct HostileServer {
    port: u16,
    serving: JoinHandle<Vec<u8>>,
}

impl HostileServer {
    /// Answers the first message of its client with the first of these, and so on. Then it says nothing
    /// more, or closes the connection.
    pub fn answering(answers: Vec<Vec<u8>>, closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            serve(&mut client, answers, closes)
        });
        Self { port, serving }
    }

    /// Signs in there, with a password and little patience.
    pub async fn client(&self, password: &Path) -> Result<ReplicationClient, ConnectError> {
        let node = NodeId::parse("n1").unwrap();
        let node = NodeAddress::parse(node, &format!("127.0.0.1:{}", self.port)).unwrap();
        let credential = DatabaseCredential {
            role: "operator".to_owned(),
            password_file: Some(password.to_owned()),
        };
        ReplicationClient::connect(&node, &credential, None, patience(), "test").await
    }

    /// What the client sent, after it has gone.
    pub fn heard(self) -> Vec<u8> {
        self.serving.join().unwrap()
    }
}

/// Little patience, and enough of it for whoever answers at once.
pub fn patience() -> Deadlines {
    let short = Duration::from_secs(3);
    Deadlines { connect: short, observe: short, order: short }
}

fn serve(client: &mut TcpStream, answers: Vec<Vec<u8>>, closes: bool) -> Vec<u8> {
    let mut heard = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        // The first message has no tag.
        let mut start = vec![0; if at == 0 { 4 } else { 5 }];
        if client.read_exact(&mut start).is_err() {
            return heard;
        }
        let length = start.last_chunk::<4>().map(|length| u32::from_be_bytes(*length)).unwrap();
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).unwrap();
        heard.extend(start.into_iter().chain(body));
        // A client that has heard enough is gone.
        if client.write_all(answer).is_err() {
            return heard;
        }
    }
    if !closes {
        let _ = client.read_to_end(&mut heard);
    }
    heard
}
