-- What the files of settings hold and the server has not in force yet. A text that may hold a password
-- never leaves the server: of primary_conninfo only what it points to, of others only that they differ.
with
files as materialized (
  select seqno, regexp_replace(sourcefile, '^.*/', '') as file, sourceline, lower(name) as name, setting, error
  from pg_file_settings
),
-- Reading the files marks in this session what needs a restart, so the settings are read after them.
in_force as materialized (
  select lower(name) as name, setting, unit, vartype, source, pending_restart
  from pg_settings where (select count(*) from files) >= 0
),
-- The last line of a name is the one that counts.
written as materialized (
  select distinct on (name) name, setting from files where name is not null order by name, seqno desc
),
factors(unit, factor) as (
  values ('B', 1::numeric), ('kB', 1024), ('8kB', 8192), ('MB', 1048576), ('16MB', 16777216), ('GB', 1073741824),
         ('TB', 1099511627776), ('us', 0.001), ('ms', 1), ('s', 1000), ('min', 60000), ('h', 3600000), ('d', 86400000)
),
compared as materialized (
  select s.name,
         case
           when w.name is null then s.source = 'configuration file'
           when w.setting = s.setting then false
           -- Without archive_mode the server shows another text in its place.
           when s.name = 'archive_command' and s.setting = '(disabled)' then false
           when s.vartype = 'bool' and w.setting ~* '^(on|off|true|false|yes|no|1|0)$'
             then w.setting::boolean <> s.setting::boolean
           when s.vartype in ('integer', 'real') and w.setting ~ '^\s*[-+]?\d+(\.\d+)?\s*([A-Za-z]+)?\s*$'
             then round(substring(w.setting from '[-+]?\d+(?:\.\d+)?')::numeric
                        * coalesce((select factor from factors where unit = substring(w.setting from '[A-Za-z]+')), 1)
                        / case when w.setting ~ '[A-Za-z]'
                               then coalesce((select factor from factors where unit = s.unit), 1) else 1 end, 6)
                  <> round(s.setting::numeric, 6)
           when s.vartype = 'enum' or s.name = 'datestyle' then lower(w.setting) <> lower(s.setting)
           else true
         end as differs
  from in_force s left join written w using (name)
  -- What a session or a command line sets is not what the files are compared with.
  where s.source in ('default', 'configuration file') and not s.pending_restart
),
conninfo as materialized (
  select coalesce((select setting from written where name = 'primary_conninfo'), '') as text
),
plain as materialized (
  select text, text ~ $re$^\s*(?:\w+\s*=\s*(?:'[^'\\]*'|[^\s'\\]+)(?:\s+|$))*$$re$ as is_plain from conninfo
)
select jsonb_build_object(
  'pending', (select coalesce(jsonb_agg(name order by name), '[]') from compared where differs),
  'pending_restart', (select coalesce(jsonb_agg(name order by name), '[]') from in_force where pending_restart),
  'errors', (select coalesce(jsonb_agg(f.file || ':' || f.sourceline || ': ' || coalesce(f.name || ': ', '') || f.error
                                       order by f.seqno), '[]')
               from files f left join in_force s using (name)
              where f.error is not null and not coalesce(s.pending_restart, false)),
  'sync_rule', coalesce((select setting from written where name = 'synchronous_standby_names'), ''),
  'upstream', (select jsonb_build_object(
       'is_set', text <> '', 'is_plain', is_plain,
       'has_password', text ~* $re$password\s*=|://[^/@]*:[^/@]*@$re$,
       'pairs', case when is_plain then (
           select coalesce(jsonb_object_agg(pair[1], btrim(pair[2], '''') order by place), '{}')
             from regexp_matches(text, $re$(\w+)\s*=\s*('[^'\\]*'|[^\s'\\]+)$re$, 'g') with ordinality m(pair, place)
            where pair[1] in ('host', 'hostaddr', 'port')) end) from plain)
)::text
