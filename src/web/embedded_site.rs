//! The site inside the program: the archive that the bundle tool made, read where it lies in memory.
//!
//! A program that carries its site runs from any folder and cannot be parted from the browser's half that it
//! was built with. One that carries none, such as a test's, serves a folder.

use super::render::SiteError;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos::config::LeptosOptions;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// The folder of the archive whose files are named by their content.
const PACKAGE: &str = "pkg";
const ICON: &str = "favicon.svg";
/// The framework looks below the folder of the site for a list of modules that load late, and believes any that
/// it finds. Nothing can stand below this.
const NO_FOLDER: &str = "/dev/null";

/// A site in memory.
#[derive(Clone, Debug)]
pub struct EmbeddedSite {
    /// What its script, its module and its style sheet are called, without their endings.
    name: String,
    files: Arc<BTreeMap<String, SiteFile>>,
}

/// One file, as it is and packed.
#[derive(Debug, Default)]
struct SiteFile {
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

impl EmbeddedSite {
    /// Reads the archive. Nothing is copied.
    ///
    /// # Errors
    /// When it is no archive, or lacks a file that pages link to.
    pub fn read(archive: &'static [u8]) -> Result<Self, SiteError> {
        let entries = entries(archive).map_err(|error| SiteError::Archive(error.to_string()))?;
        let packed = |path: &str, ending| entries.get(&format!("{path}.{ending}")).copied();
        let is_plain = |path: &&String| {
            let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
            !["br", "gz"].contains(&ending)
        };
        let file = |path: &String| {
            let plain = entries.get(path).copied().unwrap_or_default();
            let file = SiteFile { plain, brotli: packed(path, "br"), gzip: packed(path, "gz") };
            (path.clone(), file)
        };
        let files: BTreeMap<_, _> = entries.keys().filter(is_plain).map(file).collect();
        let style = |path: &String| {
            path.strip_prefix(PACKAGE)?.strip_prefix('/')?.strip_suffix(".css").map(str::to_owned)
        };
        let name = files.keys().find_map(style);
        let name = name.ok_or_else(|| SiteError::Archive("it has no style sheet".to_owned()))?;
        let linked = ["js", "wasm"].map(|kind| format!("{PACKAGE}/{name}.{kind}"));
        match linked.iter().map(String::as_str).chain([ICON]).find(|p| !files.contains_key(*p)) {
            Some(missing) => Err(SiteError::Archive(format!("it lacks {missing}"))),
            None => Ok(Self { name, files: Arc::new(files) }),
        }
    }

    /// What pages are told of the site, in place of what the settings say about a folder.
    pub fn named_in(&self, options: &mut LeptosOptions) {
        options.output_name = self.name.clone().into();
        options.site_root = NO_FOLDER.into();
        options.site_pkg_dir = PACKAGE.into();
        // The name holds the hash, and there is no list of hashes to look it up in.
        options.hash_files = false;
    }

    /// What answers requests for its files.
    pub(super) fn router(&self) -> Router {
        Router::new()
            .route(&format!("/{PACKAGE}/{{name}}"), get(packaged))
            .route(&format!("/{ICON}"), get(icon))
            .with_state(self.clone())
    }

    fn answer(&self, path: &str, cached: &'static str, headers: &HeaderMap) -> Response {
        match self.files.get(path) {
            Some(file) => file.answer(path, cached, headers),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

async fn packaged(
    State(site): State<EmbeddedSite>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    site.answer(&format!("{PACKAGE}/{name}"), super::files::FOR_EVER, &headers)
}

async fn icon(State(site): State<EmbeddedSite>, headers: HeaderMap) -> Response {
    // Its name stays when its content changes.
    site.answer(ICON, "public, max-age=3600", &headers)
}

impl SiteFile {
    fn answer(&self, path: &str, cached: &'static str, headers: &HeaderMap) -> Response {
        let packed = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = packed.into_iter().find_map(|(coding, bytes)| {
            bytes.filter(|_| takes(headers, coding)).map(|bytes| (coding, bytes))
        });
        let said = [
            (header::CONTENT_TYPE, content_type(path)),
            (header::CACHE_CONTROL, cached),
            (header::VARY, "accept-encoding"),
        ];
        let said = said.map(|(name, value)| (name, HeaderValue::from_static(value)));
        match taken {
            Some((coding, bytes)) => {
                let coding: [(HeaderName, &str); 1] = [(header::CONTENT_ENCODING, coding)];
                (said, coding, bytes).into_response()
            }
            None => (said, self.plain).into_response(),
        }
    }
}

/// Whether whoever asks takes this coding (RFC 9110, 12.5.3): its own weight wins over that of the star.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter();
    let offers = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    let weighed = offers.map(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        (name, weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|q| q > 0.0)))
    });
    let (mut own, mut any) = (None, false);
    for (name, is_taken) in weighed {
        if name.eq_ignore_ascii_case(coding) {
            own = Some(is_taken);
        } else if name == "*" {
            any = is_taken;
        }
    }
    own.unwrap_or(any)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// The files of the archive by their paths, each a part of it.
fn entries(archive: &'static [u8]) -> io::Result<BTreeMap<String, &'static [u8]>> {
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()? {
        let entry = entry?;
        let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
        let begin = usize::try_from(entry.raw_file_position()).map_err(invalid)?;
        let size = usize::try_from(entry.size()).map_err(invalid)?;
        let bytes = archive.get(begin..).and_then(|rest| rest.get(..size));
        let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
        let path = entry.path()?;
        let path = path.to_str().ok_or(io::ErrorKind::InvalidData)?;
        found.insert(path.to_owned(), bytes);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    const FILES: [(&str, &str); 6] = [
        ("favicon.svg", "<svg/>"),
        ("pkg/own.0123.css", "style"),
        ("pkg/own.0123.js", "script"),
        ("pkg/own.0123.js.br", "s-by-brotli"),
        ("pkg/own.0123.js.gz", "s-by-gzip"),
        ("pkg/own.0123.wasm", "module"),
    ];

    fn archive(files: &[(&str, &str)]) -> &'static [u8] {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(text.len()).expect("small"));
            archive.append_data(&mut header, path, text.as_bytes()).expect("an entry");
        }
        archive.into_inner().expect("an archive").leak()
    }

    #[test]
    fn an_archive_that_lacks_what_pages_link_to_is_refused_and_so_is_none() {
        for missing in ["favicon.svg", "pkg/own.0123.css", "pkg/own.0123.js", "pkg/own.0123.wasm"] {
            let rest: Vec<_> = FILES.into_iter().filter(|(path, _)| *path != missing).collect();
            let said = EmbeddedSite::read(archive(&rest)).expect_err(missing).to_string();
            let named = if missing.ends_with("css") { "no style sheet" } else { missing };
            assert!(said.contains(named), "{said}");
        }
        EmbeddedSite::read(b"").expect_err("nothing");
        EmbeddedSite::read(&[7; 4096]).expect_err("no archive");
        let whole = archive(&FILES);
        EmbeddedSite::read(&whole[..whole.len() - 2048]).expect_err("half an archive");
    }

    async fn get(path: &str, takes: &str) -> (StatusCode, HeaderMap, String) {
        let site = EmbeddedSite::read(archive(&FILES)).expect("a site");
        let request = Request::get(path).header(header::ACCEPT_ENCODING, takes);
        let answer = site.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn a_file_comes_packed_only_as_it_was_asked_for() {
        for (takes, body, coding) in [
            ("", "script", None),
            ("identity", "script", None),
            ("deflate, zstd", "script", None),
            ("br;q=0, gzip;q=0", "script", None),
            ("*, br;q=0, gzip;q=0", "script", None),
            ("br;q=none", "script", None),
            ("brr, gzipped", "script", None),
            ("gzip, deflate, br", "s-by-brotli", Some("br")),
            ("gzip;q=1.0, BR;q=0.1", "s-by-brotli", Some("br")),
            ("br;q=0, *", "s-by-gzip", Some("gzip")),
            ("gzip", "s-by-gzip", Some("gzip")),
        ] {
            let (status, headers, found) = get("/pkg/own.0123.js", takes).await;
            let said = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
            assert_eq!((status.as_u16(), found.as_str(), said), (200, body, coding), "{takes}");
            assert_eq!(headers[header::CONTENT_TYPE], "text/javascript");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(headers[header::VARY], "accept-encoding");
        }
        let (_, headers, found) = get("/favicon.svg", "br").await;
        assert_eq!(
            (found.as_str(), headers.contains_key(header::CONTENT_ENCODING)),
            ("<svg/>", false)
        );
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=3600", "its name may stay");
    }

    #[tokio::test]
    async fn what_is_not_a_file_of_the_site_is_not_found() {
        for path in [
            "/pkg/own.0123.js.br",
            "/pkg/own.js",
            "/pkg/",
            "/pkg/..%2Ffavicon.svg",
            "/pkg/..%2F..%2Fetc%2Fpasswd",
            "/own.0123.js",
        ] {
            assert_eq!(get(path, "").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
