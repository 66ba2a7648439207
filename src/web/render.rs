//! A page's data in, a response out. Nothing here reads anything but the names of the site's files.

use crate::model::spec::KernelSpec;
use crate::ui::{self, Frame, Page, Part};
use any_spawner::Executor;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use leptos::config::LeptosOptions;
use leptos::context::use_context;
use leptos::nonce::use_nonce;
use leptos::prelude::{AnyView, RenderHtml};
use leptos_axum::ResponseOptions;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::OnceLock;
use tokio_stream::{Stream, once};

/// A document that is sent in one piece.
type Whole = Pin<Box<dyn Stream<Item = String> + Send>>;

/// Why the site cannot be served; found at start, because a page that finds it would panic.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file that is not where the settings say.
    #[error("{path} cannot be read: {source}; build the browser's half with the bundle command")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What the program carries is no site.
    #[error("the site that this program carries cannot be served: {0}; build the program again")]
    Archive(String),
}

/// Checks that every file that pages link to is in its folder. `serve` calls it before it listens, unless the
/// program carries them.
///
/// # Errors
/// When the file of hashes beside the program, or a file of the site, cannot be read.
pub fn check_site(options: &LeptosOptions) -> Result<(), SiteError> {
    let readable = |path: PathBuf| match std::fs::metadata(&path) {
        Ok(_) => Ok(()),
        Err(source) => Err(SiteError::Unreadable { path, source }),
    };
    if options.hash_files {
        readable(hash_file(options))?;
    }
    let package = Path::new(&*options.site_root).join(&*options.site_pkg_dir);
    for kind in ["js", "wasm", "css"] {
        readable(package.join(file_name(options, kind)))?;
    }
    Ok(())
}

/// Draws a page: the same data give the same bytes, but for the nonce (C5.1).
pub async fn page(
    options: &LeptosOptions,
    frame: Frame,
    page: Page,
    status: StatusCode,
) -> Response<Body> {
    let stylesheet = stylesheet(options);
    let shared = options.clone();
    let mut response = drawn(move || ui::document(&shared, stylesheet, &frame, page)).await;
    *response.status_mut() = status;
    response
}

/// Draws parts of a page, each byte for byte as it stands in the page: a browser that has the page puts each
/// in place of the old one. They carry the policy of a page, and no script.
pub async fn parts(spec: &'static KernelSpec, parts: Vec<Part>) -> Response<Body> {
    drawn(move || ui::parts::alone(spec, parts)).await
}

async fn drawn(draw: impl FnOnce() -> AnyView + Clone + Send + Sync + 'static) -> Response<Body> {
    // Leptos spawns where it is told to. A router of its own would tell it; this console has none.
    // Every call after the first is refused, which is as good.
    let _ = Executor::init_tokio();
    // The real request stays outside: a page cannot depend on what it does not see.
    let request = Request::new(Body::empty());
    // Everything is here already, so the document is one string. The chunks that Leptos would send
    // after it carry resources, and a page has none.
    let mut response = leptos_axum::handle_response_inner(secure, draw, request, |app, _, _| {
        let html = app.to_html();
        Box::pin(async move { Box::pin(once(html)) as Whole })
    })
    .await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends the policy with the nonce that the scripts of this response carry.
fn secure() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    if let Ok(policy) = HeaderValue::from_str(&policy(&nonce)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

fn hash_file(options: &LeptosOptions) -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.parent().unwrap_or(Path::new("")).join(&*options.hash_file)
}

fn file_name(options: &LeptosOptions, kind: &str) -> String {
    let hash = options.hash_files.then(|| std::fs::read_to_string(hash_file(options)).ok());
    let hash = hash.flatten().and_then(|hashes| {
        let line = hashes.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':'));
        line.map(|hash| hash.trim().to_owned())
    });
    match hash {
        Some(hash) => format!("{}.{hash}.{kind}", options.output_name),
        None => format!("{}.{kind}", options.output_name),
    }
}

/// The address of the style sheet. Its name changes with its content only, and so with a build
/// only; it is read once.
pub(super) fn stylesheet(options: &LeptosOptions) -> String {
    static HASHED: OnceLock<String> = OnceLock::new();
    let name = if options.hash_files {
        HASHED.get_or_init(|| file_name(options, "css")).clone()
    } else {
        file_name(options, "css")
    };
    format!("/{}/{name}", options.site_pkg_dir)
}
