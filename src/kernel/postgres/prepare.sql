create schema cp authorization aerodb_owner;
revoke all on schema public from public;

-- One row for each order that ran, in the transaction of its effect. A row of kind 'void' takes the id of
-- one that did not, for ever.
create table cp.receipt (
  op_id uuid primary key,
  kind text not null,
  seq bigint not null,
  hash text not null,
  result jsonb,
  at timestamptz not null default clock_timestamp()
);
-- The roles whose login an operator may stop.
create table cp.fenceable (role name primary key);
-- Those whose login is stopped, and by which order.
create table cp.stopped_login (
  role name primary key,
  op_id uuid not null references cp.receipt
);
-- Rules of synchronous standbys that were promised. One stands at a time.
create table cp.contract (
  n bigint generated always as identity primary key,
  rule text not null,
  op_id uuid not null unique references cp.receipt,
  ended_by uuid unique references cp.receipt
);
create unique index contract_standing on cp.contract ((true)) where ended_by is null;
-- The first row of this control plane on each timeline.
create table cp.branch (
  timeline bigint primary key,
  id uuid not null unique,
  op_id uuid not null unique references cp.receipt
);
alter table cp.receipt owner to aerodb_owner;
alter table cp.fenceable owner to aerodb_owner;
alter table cp.stopped_login owner to aerodb_owner;
alter table cp.contract owner to aerodb_owner;
alter table cp.branch owner to aerodb_owner;

create function cp.stop_logins(op uuid, roles text[], seq bigint, hash text) returns jsonb
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
declare
  confirmed text[];
  present text[];
  outcome jsonb;
  one text;
begin
  lock table cp.stopped_login in share row exclusive mode;
  select coalesce(array_agg(distinct named order by named), '{}') into confirmed
    from (select unnest(stop_logins.roles) collate "C") as given (named);
  select coalesce(array_agg(login order by login), '{}') into present
    from (select f.role::text collate "C" from cp.fenceable f
            join pg_roles p on p.rolname = f.role where p.rolcanlogin) as allowed (login);
  if present is distinct from confirmed then
    raise exception 'the roles that can log in are %, confirmed were %', present, confirmed
      using errcode = 'AE001';
  end if;
  if present = '{}' then
    raise exception 'no role of cp.fenceable can log in' using errcode = 'AE002';
  end if;
  outcome := jsonb_build_object('roles', present);
  insert into cp.receipt (op_id, kind, seq, hash, result)
    values (op, 'stop_logins', stop_logins.seq, stop_logins.hash, outcome);
  foreach one in array present loop
    execute format('alter role %I nologin', one);
    insert into cp.stopped_login (role, op_id) values (one, op)
      on conflict (role) do update set op_id = excluded.op_id;
  end loop;
  return outcome;
end
$body$;

create function cp.resume_logins(op uuid, roles text[], seq bigint, hash text) returns jsonb
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
declare
  confirmed text[];
  present text[];
  outcome jsonb;
  one text;
begin
  lock table cp.stopped_login in share row exclusive mode;
  select coalesce(array_agg(distinct named order by named), '{}') into confirmed
    from (select unnest(resume_logins.roles) collate "C") as given (named);
  select coalesce(array_agg(login order by login), '{}') into present
    from (select role::text collate "C" from cp.stopped_login) as stopped (login);
  if present is distinct from confirmed then
    raise exception 'the roles whose login is stopped are %, confirmed were %', present, confirmed
      using errcode = 'AE001';
  end if;
  if present = '{}' then
    raise exception 'no login is stopped' using errcode = 'AE002';
  end if;
  outcome := jsonb_build_object('roles', present);
  insert into cp.receipt (op_id, kind, seq, hash, result)
    values (op, 'resume_logins', resume_logins.seq, resume_logins.hash, outcome);
  foreach one in array present loop
    execute format('alter role %I login', one);
  end loop;
  delete from cp.stopped_login;
  return outcome;
end
$body$;

alter function cp.stop_logins(uuid, text[], bigint, text) owner to aerodb_fence;
alter function cp.resume_logins(uuid, text[], bigint, text) owner to aerodb_fence;
revoke all on all functions in schema cp from public;

grant usage on schema cp to aerodb_observer, aerodb_operator, aerodb_fence;
grant select on all tables in schema cp to aerodb_observer, aerodb_operator;
grant insert on cp.receipt to aerodb_operator;
grant insert (rule, op_id) on cp.contract to aerodb_operator;
grant update (ended_by) on cp.contract to aerodb_operator;
grant insert on cp.branch to aerodb_operator;
grant select, insert on cp.receipt to aerodb_fence;
grant select on cp.fenceable to aerodb_fence;
grant select, insert, delete on cp.stopped_login to aerodb_fence;
grant update (op_id) on cp.stopped_login to aerodb_fence;
grant execute on function
  cp.stop_logins(uuid, text[], bigint, text),
  cp.resume_logins(uuid, text[], bigint, text)
  to aerodb_operator;
