//! The cookie that carries a session: its name, and what a browser is told about it.

use super::Transport;
use crate::model::pinned::ClusterIdentity;
use axum::http::{HeaderMap, HeaderValue, header};

/// The name of the cookie that carries a session of this cluster. Browsers send a cookie to every
/// port of a host, so two control planes on one machine need two names.
///
/// Over an encrypted connection the name begins with `__Host-`: a browser then takes such a cookie
/// from this host only, and nothing that answers unencrypted under the same name can put one there.
#[derive(Clone, Debug)]
pub(super) struct SessionCookie {
    name: String,
    transport: Transport,
}

impl SessionCookie {
    /// The cookie of a cluster.
    pub(super) fn of(identity: &ClusterIdentity, transport: Transport) -> Self {
        let id: String = identity.id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let prefix = match transport {
            Transport::Plain => "",
            Transport::Encrypted => "__Host-",
        };
        Self { name: format!("{prefix}aerodb_session_{id}"), transport }
    }

    /// The cookie of a sign-in that was begun through a provider. It lasts as long as the sign-in may,
    /// and is sent as strictly as the other: what ends the sign-in is a form of this site.
    pub(super) fn of_leaving(identity: &ClusterIdentity, transport: Transport) -> Self {
        let Self { name, transport } = Self::of(identity, transport);
        Self { name: name.replace("aerodb_session_", "aerodb_leaving_"), transport }
    }

    /// The cookie that says that somebody signed out in this browser: the provider is to ask who is there.
    pub(super) fn of_left(identity: &ClusterIdentity, transport: Transport) -> Self {
        let Self { name, transport } = Self::of(identity, transport);
        Self { name: name.replace("aerodb_session_", "aerodb_left_"), transport }
    }

    /// The one value that a browser sent; two are none: which of them was meant is not guessed.
    pub(super) fn only(&self, headers: &HeaderMap) -> Option<String> {
        let mut values = named(headers, &self.name);
        let only = values.next()?;
        values.next().is_none().then_some(only)
    }

    /// Sets it for so many seconds.
    pub(super) fn lasting(&self, secret: &str, seconds: i64) -> HeaderValue {
        self.header(secret, &format!("; Max-Age={seconds}"))
    }

    /// The cookie name, made of cluster and environment.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sets it. Scripts cannot read it and other sites cannot send it. It ends with the browser; the
    /// server ends it earlier where it is idle.
    pub(super) fn holding(&self, secret: &str) -> HeaderValue {
        self.header(secret, "")
    }

    /// The `Set-Cookie` value that deletes the cookie.
    pub(super) fn gone(&self) -> HeaderValue {
        self.header("", "; Max-Age=0")
    }

    fn header(&self, value: &str, lasts: &str) -> HeaderValue {
        let secure = match self.transport {
            Transport::Plain => "",
            Transport::Encrypted => "; Secure",
        };
        let name = &self.name;
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{lasts}");
        HeaderValue::from_str(&text).expect("a secret is letters, digits, - and _")
    }
}

/// The values of the cookies of one name. Browsers send the cookies of everything that answers under the
/// name of a host in one line, so another application may have put any bytes between them (RFC 6265, 5.4).
pub(super) fn named<'h>(
    headers: &'h HeaderMap,
    name: &'h str,
) -> impl Iterator<Item = String> + 'h {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let (found, value) = String::from_utf8_lossy(pair)
            .split_once('=')
            .map(|(found, value)| (found.trim().to_owned(), value.trim().to_owned()))?;
        (found == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_application_put_into_the_line_hides_nothing() {
        let mut headers = HeaderMap::new();
        for line in [&b"lang=caf\xc3\xa9; mine=a; odd=\xff\xfe"[..], b"\x80; =; other", b"mine2=b"]
        {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).expect("bytes"));
        }
        assert_eq!(named(&headers, "mine").collect::<Vec<_>>(), ["a"]);
        assert_eq!(named(&headers, "mine2").collect::<Vec<_>>(), ["b"]);
        assert_eq!(named(&headers, "lang").collect::<Vec<_>>(), ["caf\u{e9}"]);
    }

    #[test]
    fn only_an_encrypted_connection_is_given_a_cookie_that_belongs_to_the_host() {
        let place = |name| crate::model::text::PlaceName::parse(name).expect("a name");
        let identity = ClusterIdentity {
            cluster: place("aerodb"),
            environment: place("test"),
            kernel: "embedded".to_owned(),
            id: "6f1c2a34-0b5d".to_owned(),
        };
        let plain = SessionCookie::of(&identity, Transport::Plain);
        assert_eq!(
            plain.holding("s"),
            "aerodb_session_6f1c2a34=s; Path=/; HttpOnly; SameSite=Strict"
        );
        let encrypted = SessionCookie::of(&identity, Transport::Encrypted);
        assert_eq!(
            encrypted.gone(),
            "__Host-aerodb_session_6f1c2a34=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"
        );
    }
}
