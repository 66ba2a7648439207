//! Signed heads of the log in a public form: a C2SP `tlog-checkpoint` in a `signed-note`, with
//! Ed25519. Pure, and strict: what is not exactly in the form is no head.
//!
//! A head says how many records there were and what root they had. Whoever keeps one can find out
//! later whether the log that is shown then still begins with those records.

use crate::ledger::tree::TreeHead;
use crate::model::canonical::Hash;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Longest note that is read, in bytes. Our own have about 250; witnesses may add signatures.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;
/// Longest name of a key, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 200;
/// The algorithm byte of Ed25519 in a signed note.
const ED25519: u8 = 1;
/// What begins a line with a signature.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// What begins the text form of a key that signs.
const PRIVATE_MARK: &str = "PRIVATE+KEY+";

/// Why a note or a key was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not in its form.
    #[error("{what} is not in its form: {why}")]
    Form {
        /// The part that was read, such as a key or a signature.
        what: &'static str,
        /// What is wrong with it, as a clause.
        why: &'static str,
    },
    /// The note carries no signature of the key.
    #[error("it is not signed by {key}")]
    Unsigned {
        /// The key that was asked for.
        key: String,
    },
    /// The note carries a signature in the name of the key, and it is not the key's.
    #[error("the signature in the name of {key} is not good")]
    Forged {
        /// The key that was asked for.
        key: String,
    },
    /// It is about another log.
    #[error("it is about the log {found}, not {expected}")]
    OtherLog {
        /// The log that it is about.
        found: String,
        /// The log that was asked for.
        expected: String,
    },
}

fn form(what: &'static str, why: &'static str) -> NoteError {
    NoteError::Form { what, why }
}

/// The key that checks the heads of one log, as anybody may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    key: VerifyingKey,
}

impl LogKey {
    /// Parses `NAME+ID+KEY`, the form of signed notes.
    ///
    /// # Errors
    /// When it is not in that form, or is no Ed25519 key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "the key of the log";
        let mut parts = text.splitn(3, '+');
        let parts = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(id), Some(data)) = parts else {
            return Err(form(WHAT, "it has three parts, with + between them"));
        };
        check_name(name).map_err(|why| form(WHAT, why))?;
        let bytes = key_bytes(data).map_err(|why| form(WHAT, why))?;
        let key = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| form(WHAT, "its bytes are no Ed25519 key"))?;
        let read = Self { name: name.to_owned(), key };
        if hex::encode(read.id()) == id { Ok(read) } else { Err(form(WHAT, "its id is another's")) }
    }

    /// The log that it belongs to.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over the name and the key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ED25519]);
        hasher.update(self.key.as_bytes());
        let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
        [a, b, c, d]
    }

    /// Reads a head that this key has signed, whatever other signatures stand beside it.
    ///
    /// # Errors
    /// When the note is not in its form, is about another log, or does not carry a good signature
    /// of this key.
    pub fn open(&self, note: &str) -> Result<TreeHead, NoteError> {
        let (origin, head) = checkpoint(self.signed_text(note)?)?;
        if origin == self.name {
            return Ok(head);
        }
        Err(NoteError::OtherLog { found: origin.to_owned(), expected: self.name.clone() })
    }

    /// The text of a note that this key has signed, with its last line end.
    ///
    /// # Errors
    /// When the note is not in its form, or does not carry a good signature of this key.
    pub(super) fn signed_text<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let mut signed = false;
        for line in signatures {
            let (name, id, signature) = signature_line(line)?;
            if name != self.name || id != self.id() {
                continue;
            }
            let signature: [u8; 64] = signature
                .as_slice()
                .try_into()
                .map_err(|_| form("the note", "a signature has another length"))?;
            self.key
                .verify_strict(text.as_bytes(), &Signature::from_bytes(&signature))
                .map_err(|_| NoteError::Forged { key: self.name.clone() })?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteError::Unsigned { key: self.name.clone() }) }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

/// The key that signs the heads of one log. It is never printed by accident, and wiped from memory
/// when it is dropped.
pub struct LogSigner {
    name: String,
    key: SigningKey,
}

impl LogSigner {
    /// The key with these 32 secret bytes, for the log of this name.
    ///
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name).map_err(|why| form("the name of the log", why))?;
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(secret) })
    }

    /// Parses the form in which [`LogSigner::secret_text`] writes it.
    ///
    /// # Errors
    /// When it is not in that form. The error names no part of the key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "the signing key of the log";
        let parts = text.strip_prefix(PRIVATE_MARK).map(|rest| rest.splitn(3, '+'));
        let mut parts = parts.ok_or_else(|| form(WHAT, "it does not begin like one"))?;
        let parts = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(id), Some(data)) = parts else {
            return Err(form(WHAT, "it has three parts, with + between them"));
        };
        let signer = Self::new(name, &key_bytes(data).map_err(|why| form(WHAT, why))?)?;
        let good = hex::encode(signer.public().id()) == id;
        if good { Ok(signer) } else { Err(form(WHAT, "its id is another's")) }
    }

    /// The whole key as text, for the one file that holds it.
    #[must_use]
    pub fn secret_text(&self) -> String {
        let key = BASE64.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        format!("{PRIVATE_MARK}{}+{}+{key}", self.name, hex::encode(self.public().id()))
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn public(&self) -> LogKey {
        LogKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Signs a head. The same head always gives the same note. Only a head of records that are
    /// durable may be signed: a signature cannot be taken back.
    #[must_use]
    pub fn sign(&self, head: TreeHead) -> String {
        let text = format!("{}\n{}\n{}\n", self.name, head.size, root_text(head.root));
        format!("{text}\n{}", self.signature_line(&text))
    }

    /// The line that signs a text, with its line end.
    pub(super) fn signature_line(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let id = self.public().id();
        let signature = BASE64.encode([id.as_slice(), signature.as_slice()].concat());
        format!("{SIGNATURE_MARK}{} {signature}\n", self.name)
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSigner").field("name", &self.name).finish_non_exhaustive()
    }
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_graphic() && c != '+';
    let fits = (1..=KEY_NAME_BYTES_MAX).contains(&name.len());
    if fits && name.chars().all(plain) {
        Ok(())
    } else {
        Err("its name is 1 to 200 characters, without spaces and +")
    }
}

fn key_bytes(text: &str) -> Result<[u8; 32], &'static str> {
    let bytes = BASE64.decode(text).map_err(|_| "its key is not base64")?;
    let (algorithm, key) = bytes.split_first().ok_or("it has no key")?;
    if *algorithm != ED25519 {
        return Err("its algorithm is not Ed25519");
    }
    key.try_into().map_err(|_| "its key has not 32 bytes")
}

/// The text that is signed, with its last line end, and the lines with signatures.
fn split(note: &str) -> Result<(&str, std::str::Split<'_, char>), NoteError> {
    const WHAT: &str = "the note";
    if note.len() > NOTE_BYTES_MAX {
        return Err(form(WHAT, "it is too long"));
    }
    if note.chars().any(|c| c.is_ascii_control() && c != '\n') {
        return Err(form(WHAT, "it has a control character"));
    }
    let at = note.rfind("\n\n").ok_or_else(|| form(WHAT, "it has no empty line"))?;
    let (text, rest) = note.split_at(at + 1);
    let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n'));
    let lines = lines.ok_or_else(|| form(WHAT, "it does not end with a line of signature"))?;
    Ok((text, lines.split('\n')))
}

/// The name, the id of the key, and the signature in a line.
fn signature_line(line: &str) -> Result<(&str, [u8; 4], Vec<u8>), NoteError> {
    let bad = || form("the note", "a line after the empty one is no signature");
    let (name, data) =
        line.strip_prefix(SIGNATURE_MARK).and_then(|rest| rest.split_once(' ')).ok_or_else(bad)?;
    check_name(name).map_err(|_| bad())?;
    let bytes = BASE64.decode(data).map_err(|_| bad())?;
    let (id, signature) = bytes.split_first_chunk::<4>().ok_or_else(bad)?;
    Ok((name, *id, signature.to_vec()))
}

/// The log and the head that the text of a note names. More lines than ours have are refused: what
/// they say would be believed and not understood.
fn checkpoint(text: &str) -> Result<(&str, TreeHead), NoteError> {
    const WHAT: &str = "the head";
    let lines: Vec<&str> = text.split('\n').collect();
    let [origin, size, root, ""] = lines.as_slice() else {
        return Err(form(WHAT, "it has three lines"));
    };
    let plain =
        size.bytes().all(|b| b.is_ascii_digit()) && (*size == "0" || !size.starts_with('0'));
    let size = Some(*size).filter(|_| plain).and_then(|size| size.parse().ok());
    let size = size.ok_or_else(|| form(WHAT, "its size is no whole number"))?;
    let root = root_of(root).ok_or_else(|| form(WHAT, "its root is not 32 bytes in base64"))?;
    Ok((origin, TreeHead { size, root }))
}

/// A root as a line of a note has it.
pub(super) fn root_text(root: Hash) -> String {
    BASE64.encode(root.bytes())
}

/// Reads a root from a line of a note.
pub(super) fn root_of(line: &str) -> Option<Hash> {
    let bytes = BASE64.decode(line).ok()?;
    Some(Hash::from_bytes(<[u8; 32]>::try_from(bytes).ok()?))
}
