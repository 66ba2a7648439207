//! Every test that goes through a public door, in one binary.

mod pages_fixtures;
mod pages_render;
