//! Who runs a command on this host, as the operating system says: not by an environment variable, which
//! anybody can set.

use crate::model::record::HostUser;
use crate::model::text::Reason;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// Where the system lists its users.
const USERS: &str = "/etc/passwd";
/// Where the system says its name, the first that exists.
const HOST_NAMES: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];

/// The user of this process and the host that it runs on. What the system does not say is `unknown`.
#[must_use]
pub fn host_user(reason: Option<Reason>) -> HostUser {
    let users = fs::read_to_string(USERS).unwrap_or_default();
    let user = match fs::metadata("/proc/self") {
        Ok(process) => format!("{} (uid {})", named(&users, process.uid()), process.uid()),
        Err(_) => "unknown".to_owned(),
    };
    let host = HOST_NAMES.iter().find_map(|path| fs::read_to_string(path).ok());
    let host = host.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    HostUser { user, host: host.unwrap_or_else(|| "unknown".to_owned()), reason }
}

/// The name of a user in the list of the system.
fn named(users: &str, uid: u32) -> &str {
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    });
    name.unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_of_the_list_and_without_one_only_a_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\npostgres:x:26:26::/home:/bin/sh\n";
        assert_eq!(named(users, 26), "postgres");
        assert_eq!(named(users, 0), "root");
        assert_eq!(named(users, 7), "unknown");
        assert_eq!(named("", 0), "unknown");
        let here = host_user(None);
        assert!(here.user.contains("uid") && !here.host.is_empty(), "{here:?}");
    }
}
