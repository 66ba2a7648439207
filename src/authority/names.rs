//! Which names an account, a token or a link may get.
//!
//! A record names its actor by nothing else, and whoever confirms a disruptive action types the name of its
//! target: no person is called like something that is none.

use super::Denied;
use crate::model::actor::ActorRole;
use crate::model::text::{ActorName, NodeId};

/// Names that records and pages have for whoever has no account, and names that read as if the program or
/// the host had acted.
const RESERVED: [&str; 18] = [
    "admin",
    "administrator",
    "aerodb",
    "aerodbcontrol",
    "anonymous",
    "anyone",
    "cluster",
    "console",
    "control",
    "controlplane",
    "everybody",
    "host",
    "kernel",
    "nobody",
    "redacted",
    "root",
    "server",
    "system",
];

/// Lets a name through that means nothing but whoever has it. Names that were given before stay.
///
/// # Errors
/// [`Denied::NameReserved`].
pub(super) fn check(name: &ActorName) -> Result<(), Denied> {
    if is_reserved(name) { Err(Denied::NameReserved(name.clone())) } else { Ok(()) }
}

/// Whether a name reads as one that is reserved: marks between its letters make no other name of it.
fn is_reserved(name: &ActorName) -> bool {
    let plain: String = name.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let is_role = ActorRole::ALL.iter().any(|role| role.word() == plain);
    let is_node = NodeId::parse(&plain).is_ok_and(|node| node.number().is_some());
    is_role || is_node || RESERVED.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_role_a_node_or_the_system_is_reserved_however_it_is_spaced_and_a_persons_is_not()
    {
        let is_reserved = |text: &str| is_reserved(&ActorName::parse(text).expect("a name"));
        for name in RESERVED {
            assert!(is_reserved(name), "{name}");
        }
        for role in ActorRole::ALL {
            assert!(is_reserved(role.word()), "{role}");
        }
        for name in ["n1", "n-12", "con.sole", "control_plane", "root@", "aerodb-control"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["olga", "n", "n1x", "n01", "nora1", "rooter", "operator-maria", "system7"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
