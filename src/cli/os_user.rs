//! Which account of the operating system runs this program.

use std::io;
use std::os::unix::fs::MetadataExt as _;

/// The account, as `name (uid N)`; the number alone where the system has no name for it.
///
/// # Errors
/// When the system does not say who owns this process.
pub(super) fn current() -> io::Result<String> {
    let uid = std::fs::metadata("/proc/self")?.uid();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    });
    Ok(name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})")))
}
