//! The command `aerodb-control`.

fn main() {}
