//! The pages, as they are drawn.

pub mod all;
pub mod comfort;
pub mod copy;
pub mod crowd;
pub mod filter;
pub mod fixtures;
pub mod kept;
pub mod made;
pub mod node;
pub mod parts;
pub mod render;
pub mod same;
pub mod stakeholder;
pub mod status;
pub mod timeline;
pub mod trace;
pub mod trouble;
