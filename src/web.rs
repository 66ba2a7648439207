//! The server's face: routes, headers, pages.

pub mod render;
