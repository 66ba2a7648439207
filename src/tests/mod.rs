//! Every test that goes through a public door, in one binary.

// `cfg(test)` is what tells clippy that these modules are tests, helpers and all.
#[cfg(test)]
mod pages_fixtures;
#[cfg(test)]
mod pages_render;
