//! The embedded kernel.
