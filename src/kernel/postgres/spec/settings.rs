//! Which settings of a server can be written, in one place: what `prepare` grants, what the checks allow and
//! what the statements write is read from here.
//!
//! Every one of them is in force after a reload. None of them names a program, a library or a file: who may
//! write `archive_command` or `restore_command` has a shell on the host (C2.5).

/// What `write_setting` writes.
pub const WRITABLE_SETTINGS: [&str; 6] = [
    "hot_standby_feedback",
    "max_slot_wal_keep_size",
    "max_standby_streaming_delay",
    "primary_slot_name",
    "recovery_min_apply_delay",
    "wal_keep_size",
];

/// What other actions write, each its own.
pub const SETTINGS_OF_ACTIONS: [&str; 2] = ["primary_conninfo", "synchronous_standby_names"];

/// Whether `write_setting` may write it.
#[must_use]
pub fn may_be_written(name: &str) -> bool {
    WRITABLE_SETTINGS.contains(&name)
}

/// Every setting that the operator's role may write, in the order of their names.
#[must_use]
pub fn granted_settings() -> Vec<&'static str> {
    let mut all = [&WRITABLE_SETTINGS[..], &SETTINGS_OF_ACTIONS[..]].concat();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_can_be_written_is_a_program_or_a_library() {
        for name in granted_settings() {
            for part in ["command", "librar", "path", "file", "directory", "preload"] {
                assert!(!name.contains(part), "{name}");
            }
            assert_ne!(may_be_written(name), SETTINGS_OF_ACTIONS.contains(&name), "{name}");
        }
        assert!(!may_be_written("archive_command") && !may_be_written("PRIMARY_SLOT_NAME"));
    }
}
