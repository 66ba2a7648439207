-- What one server says of itself: one row, one JSON value, on a primary and on a standby alike. A function
-- that raises in the other role stands behind a CASE. "pinned" stands still while nothing happens, however
-- busy the server is; "moving" does not. A column that the role may not see is NULL, and stays so.
-- Put in are how the sessions of this control plane begin their application_name, and timeline.sql.
with
role as materialized (
  select pg_is_in_recovery() as standby
),
control as materialized (
  select s.system_identifier::text as system_identifier,
         c.checkpoint_lsn, c.timeline_id
  from pg_control_system() s, pg_control_checkpoint() c
),
receiver as materialized (
  select status, sender_host, sender_port from pg_stat_wal_receiver
),
here as materialized (
  select
    -- After a restart the receiver begins at the start of a segment, before what is replayed.
    case when role.standby
         then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
         else pg_current_wal_flush_lsn()
    end as flushed,
    case when role.standby then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end as replayed,
    :timeline as timeline
  from role
),
activity as materialized (
  select a.*, coalesce(starts_with(a.application_name, :sessions), false) as ours
  from pg_stat_activity a
),
clients as materialized (
  select * from activity where backend_type = 'client backend' and not ours
),
conninfo as materialized (
  -- The text itself never leaves the server: it may hold a password. What is no list of plain
  -- name = value pairs is not read at all; of a name that stands twice the last one counts.
  select text <> '' as is_set, is_plain,
         text ~* $re$password\s*=|://[^/@]*:[^/@]*@$re$ as has_password,
         case when is_plain then (
           select coalesce(jsonb_object_agg(pair[1], btrim(pair[2], '''') order by place), '{}')
           from regexp_matches(text, $re$(\w+)\s*=\s*('[^'\\]*'|[^\s'\\]+)$re$, 'g') with ordinality m(pair, place)
           where pair[1] in ('host', 'hostaddr', 'port')) end as pairs
  from (select text, text ~ $re$^\s*(?:\w+\s*=\s*(?:'[^'\\]*'|[^\s'\\]+)(?:\s+|$))*$$re$ as is_plain
        from (select coalesce(current_setting('primary_conninfo', true), '') as text) c) c
),
settings as materialized (
  select name, setting, source, sourcefile, pending_restart from pg_settings
  where name = 'default_transaction_isolation' or pending_restart or source = 'command line' or sourcefile is not null or name like 'cnpg.%'
)
select jsonb_build_object(
  'pinned', jsonb_build_object(
    'system_identifier', control.system_identifier,
    'version', current_setting('server_version'),
    'standby', role.standby,
    'timeline', here.timeline,
    'server', (select jsonb_build_object('pid', pid, 'since', to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                 from activity where backend_type = 'checkpointer'),
    'receiver', (select to_jsonb(r) from receiver r),
    'replay', case when role.standby then pg_get_wal_replay_pause_state() end,
    'sync_rule', current_setting('synchronous_standby_names'),
    'synchronous_commit', current_setting('synchronous_commit'),
    'upstream', (select to_jsonb(c) from conninfo c),
    'pending_restart', (select coalesce(jsonb_agg(name order by name), '[]') from settings where pending_restart),
    'checksums', current_setting('data_checksums'),
    'archiving', current_setting('archive_mode'),
    'prepared', (select coalesce(jsonb_agg(gid order by gid), '[]') from pg_prepared_xacts),
    'backups_running', (select count(*) from pg_stat_progress_basebackup),
    'followers', (select coalesce(jsonb_agg(f order by f->>'name', f->>'since', f->>'pid'), '[]') from (
        select jsonb_build_object('name', application_name, 'pid', pid, 'state', state, 'sync_state', sync_state,
                 'since', to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as f
        from pg_stat_replication
        where not coalesce(starts_with(application_name, :sessions), false) and state is distinct from 'backup') x),
    'slots', (select coalesce(jsonb_agg(s order by s->>'name'), '[]') from (
        select jsonb_build_object('name', slot_name, 'type', slot_type, 'active', active, 'wal_status', wal_status) as s
        from pg_replication_slots where not temporary) x),
    'marks', jsonb_build_object(
        'sessions', (select coalesce(jsonb_agg(distinct application_name), '[]') from activity
                      where application_name = 'Patroni' or application_name like 'Patroni %'
                         or application_name = 'repmgr' or application_name like 'repmgrd%'
                         or application_name like 'pgautofailover%' or application_name like 'pg\_auto\_failover%'
                         or application_name in ('cnpg-instance-manager', 'cnpg_metrics_exporter')),
        'consoles', (select coalesce(jsonb_agg(distinct split_part(application_name, '/', 2)), '[]') from activity
                      where application_name like 'aerodb-control/%' and not ours),
        'files', (select coalesce(jsonb_agg(distinct regexp_replace(sourcefile, '^.*/', '')), '[]') from settings
                   where sourcefile like '%postgresql.base.conf' or sourcefile like '%postgresql-auto-failover.conf'),
        'command_line', (select coalesce(jsonb_agg(name order by name), '[]') from settings where source = 'command line'),
        'settings', (select coalesce(jsonb_agg(name order by name), '[]') from settings where name like 'cnpg.%'),
        'libraries', (select coalesce(jsonb_agg(l order by l), '[]') from (
             select distinct btrim(l, ' "''') as l from regexp_split_to_table(current_setting('shared_preload_libraries'), ',') l) x
             where l in ('repmgr', 'pgautofailover')),
        'databases', (select coalesce(jsonb_agg(datname order by datname), '[]') from pg_database
                       where datname in ('repmgr', 'pg_auto_failover')),
        'roles', (select coalesce(jsonb_agg(rolname order by rolname), '[]') from pg_roles
                   where rolname in ('repmgr', 'autoctl_node', 'pgautofailover_monitor', 'pgautofailover_replicator',
                                     'streaming_replica', 'cnpg_pooler_pgbouncer'))),
    'files_readable', has_table_privilege('pg_file_settings', 'select')
                  and has_function_privilege('pg_show_all_file_settings()', 'execute'),
    'own_tables', (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = 'cp' and c.relname in ('receipt', 'fenceable', 'stopped_login', 'contract', 'branch')
                      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')),
    -- What came with the beginning of this session is in force in it: nothing in between shares one
    -- session of the server among several.
    'own_options', (select source = 'client' from settings where name = 'default_transaction_isolation'),
    'tablespaces', (select coalesce(jsonb_agg(spcname order by spcname), '[]') from pg_tablespace
                     where pg_tablespace_location(oid) <> '')
  ),
  'moving', jsonb_build_object(
    'config_loaded', to_char(pg_conf_load_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'flushed', pg_wal_lsn_diff(here.flushed, '0/0'),
    'replayed', pg_wal_lsn_diff(here.replayed, '0/0'),
    'checkpoint', pg_wal_lsn_diff(control.checkpoint_lsn, '0/0'),
    'checkpoint_timeline', control.timeline_id,
    'replay_delay_ms', case when role.standby
        then (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint end,
    'wal_bytes', (select sum(size) from pg_ls_waldir()),
    'segment', case when not role.standby then pg_walfile_name(pg_current_wal_insert_lsn()) end,
    'sync_waiters', (select count(*) from activity where wait_event_type = 'IPC' and wait_event = 'SyncRep'),
    'sessions_count', (select count(*) from clients),
    'connections_free', (select current_setting('max_connections')::int
                              - current_setting('superuser_reserved_connections')::int
                              - coalesce(current_setting('reserved_connections', true)::int, 0)
                              - count(*) from activity where backend_type = 'client backend'),
    'senders_free', (select current_setting('max_wal_senders')::int - count(*) from activity where backend_type = 'walsender'),
    'slots_free', (select current_setting('max_replication_slots')::int - count(*) from pg_replication_slots),
    'archiver', (select jsonb_build_object('failing', coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false))
                   from pg_stat_archiver),
    'archive_ready', (select count(*) from pg_ls_archive_statusdir() where name like '%.ready'),
    'xid_age', (select max(age(datfrozenxid)) from pg_database),
    'xmin_age', (select max(age(x)) from (
        select backend_xmin as x from activity union all select xmin from pg_replication_slots
        union all select catalog_xmin from pg_replication_slots
        union all select transaction from pg_prepared_xacts) held),
    'collations_changed', (select coalesce(jsonb_agg(datname order by datname), '[]') from pg_database
        where datcollversion is distinct from pg_database_collation_actual_version(oid) and datcollversion is not null),
    'followers', (select coalesce(jsonb_agg(jsonb_build_object('pid', pid, 'flushed', pg_wal_lsn_diff(flush_lsn, '0/0'))), '[]')
        from pg_stat_replication),
    'slots', (select coalesce(jsonb_agg(jsonb_build_object('name', slot_name,
                 'restart', pg_wal_lsn_diff(restart_lsn, '0/0'),
                 'safe_wal_bytes', safe_wal_size,
                 'inactive_since', to_jsonb(s)->>'inactive_since')), '[]')
        from pg_replication_slots s where not temporary),
    'sessions', (select coalesce(jsonb_agg(to_jsonb(x) order by x.place), '[]') from (
        select row_number() over (order by c.xact_start, c.backend_start, c.pid) as place,
               c.pid, (extract(epoch from c.backend_start) * 1000000)::bigint as started,
               c.usename as role, c.datname as database, c.application_name as application,
               host(c.client_addr) as client, c.state as activity, nullif(concat_ws(': ', c.wait_event_type, c.wait_event), '') as waits_for,
               extract(epoch from clock_timestamp() - c.xact_start)::bigint as transaction_age,
               (select rolsuper from pg_roles r where r.oid = c.usesysid) as is_superuser
        from clients c order by c.xact_start, c.backend_start, c.pid limit 50) x)
  )
)::text
from role, control, here
