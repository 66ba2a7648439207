//! The kernel through its port, and what any kernel must keep.

pub mod any_kernel;
pub mod backup;
pub mod checkpoint;
pub mod contract;
pub mod damage;
pub mod data_api;
pub mod embedded;
pub mod embedded_bench;
pub mod events;
pub mod files;
pub mod interference;
pub mod linearizable;
pub mod long_actions;
pub mod members;
pub mod mute;
pub mod node_checkpoint;
pub mod node_store;
pub mod sessions;
pub mod spec;
pub mod verify;
