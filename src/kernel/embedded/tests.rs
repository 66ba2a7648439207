//! Tests of the kernel from the inside.
