//! The files of the site: the browser's half, the style sheet and the icon.

use super::embedded_site::EmbeddedSite;
use super::etag;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;
use leptos::config::LeptosOptions;
use std::path::Path;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// The script of the palette.
const PALETTE: &str = include_str!("../ui/palette.js");
/// What is said of a file that is named by the hash of its content, and so never changes under its name.
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// From the program where it carries them, else from their folder.
pub(super) fn files(leptos: &LeptosOptions, embedded: Option<&EmbeddedSite>) -> Router {
    let site = match embedded {
        Some(site) => site.router(),
        None => of_folder(leptos),
    };
    site.route("/palette.js", get(palette).layer(from_fn(etag::tagged)))
}

fn of_folder(leptos: &LeptosOptions) -> Router {
    let root = Path::new(&*leptos.site_root);
    let package = ServeDir::new(root.join(&*leptos.site_pkg_dir));
    let forever = HeaderValue::from_static(FOR_EVER);
    let is_hashed = leptos.hash_files;
    let cached = move |response: &axum::http::Response<_>| {
        (response.status().is_success() && is_hashed).then(|| forever.clone())
    };
    let package = Router::new()
        .fallback_service(package.precompressed_br().precompressed_gzip())
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, cached))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::VARY,
            HeaderValue::from_static("accept-encoding"),
        ));
    let icon = ServeFile::new(root.join("favicon.svg"));
    Router::new()
        .nest(&format!("/{}", leptos.site_pkg_dir), package)
        .route_service("/favicon.svg", icon)
}

/// It is loaded by the first key that asks for it, and asked for again whether it is still the same.
async fn palette() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, PALETTE)
}
