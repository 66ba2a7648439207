//! How a control plane starts, stops, and is reached.

pub mod certificates;
pub mod certified;
pub mod crowd;
pub mod deployed;
pub mod fixture_100d6c2;
pub mod fixture_dd35be5;
pub mod founding;
pub mod journal;
pub mod only_the_data;
pub mod opened;
pub mod prepared;
pub mod reach;
pub mod run_records;
pub mod second;
pub mod server;
pub mod slow_clients;
pub mod unchanged;
pub mod witness;
pub mod witness_doubt;
pub mod witness_kept;
pub mod witness_rights;
