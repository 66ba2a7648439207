//! The process, the disk and the network fail, at every point.

pub mod campaign;
pub mod campaign_checks;
pub mod campaign_clients;
pub mod campaign_controls;
pub mod campaign_figures;
pub mod campaign_net;
pub mod campaign_writes;
pub mod crash_points;
pub mod durable;
pub mod fault_disk;
pub mod fault_files;
pub mod fault_requests;
pub mod fault_sweep;
pub mod losses;
pub mod migration_kills;
