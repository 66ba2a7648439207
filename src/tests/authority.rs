//! Who may do what, and for how long.

pub mod access_lists;
pub mod capability;
pub mod late_bodies;
pub mod late_bodies_live;
pub mod links;
pub mod names;
pub mod passwords;
pub mod sign_in_limits;
pub mod step_up;
pub mod strangers;
