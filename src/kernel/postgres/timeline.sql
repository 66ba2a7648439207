-- The timeline of the WAL that a server holds. The control file names that of the last checkpoint: a promotion
-- is ahead of it, and so is a standby that followed one. Without a receiver, the segment that it reached knows.
(select case
  when not pg_is_in_recovery()
    then ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
  else coalesce(
    (select received_tli from pg_stat_wal_receiver),
    greatest(
      (select timeline_id from pg_control_checkpoint()),
      (select min_recovery_end_timeline from pg_control_recovery()),
      (select max(('x' || substr(name, 1, 8))::bit(32)::int) from pg_ls_waldir()
        where length(name) = 24 and substr(name, 9) = (
          select lpad(upper(to_hex(n / (4294967296 / size))), 8, '0')
              || lpad(upper(to_hex(n % (4294967296 / size))), 8, '0')
          from (select bytes_per_wal_segment::bigint as size,
                       div(pg_wal_lsn_diff(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/1'),
                           bytes_per_wal_segment)::bigint as n
                from pg_control_init()) at_segment))))
  end)
