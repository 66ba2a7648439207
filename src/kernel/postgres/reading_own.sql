-- What the tables of this control plane hold on a server. They are replicated: a standby shows as much of
-- them as it has replayed.
select jsonb_build_object(
  'login_roles', (select coalesce(jsonb_agg(f.role order by f.role), '[]')
                    from cp.fenceable f join pg_roles p on p.rolname = f.role where p.rolcanlogin),
  'stopped_logins', (select coalesce(jsonb_agg(role order by role), '[]') from cp.stopped_login),
  -- The timeline is the newest one that was named before it.
  'contract', (select jsonb_build_object(
       'number', c.n, 'rule', c.rule, 'ended', c.ended_by is not null,
       'timeline', (select max(b.timeline) from cp.branch b
                      join cp.receipt named on named.op_id = b.op_id
                      join cp.receipt declared on declared.op_id = c.op_id
                     where named.seq < declared.seq))
                 from cp.contract c order by c.n desc limit 1),
  -- A barrier says nothing any more once logins were stopped or resumed after it.
  'barrier', (select b.op_id from cp.receipt b
               where b.kind = 'mark_barrier'
                 and b.seq > coalesce((select max(seq) from cp.receipt where kind in ('stop_logins', 'resume_logins')), -1)
               order by b.seq desc limit 1),
  'branches', (select coalesce(jsonb_agg(jsonb_build_object('timeline', timeline, 'id', id) order by timeline), '[]')
                 from cp.branch),
  'sessions_of_stopped', (select count(*) from pg_stat_activity a join cp.stopped_login s on s.role = a.usename
                           where a.backend_type = 'client backend')
)::text
