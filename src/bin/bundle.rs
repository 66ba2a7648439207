//! Builds the browser's half of the site.

fn main() {}
