-- The audit as a chain: each row's seal is a hash over the row and over the seal before it, so that nothing in between can
-- be changed, removed or inserted unnoticed. A job seals, not the statement that inserts, so that settlements do not wait for
-- each other at the end of the chain.

-- A row as text, the same in every time zone and date style. Not to be changed: rows that are sealed would not agree any more.
-- A new column needs a second version of the text, for rows from then on.
create or replace function audit_text(a audit) returns text language sql stable as $$
  select jsonb_build_array(a.id, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), a.actor, a.action,
                           a.order_id, a.user_id, a.details, a.origin)::text
$$;

-- SHA-256 over the seal before and the row; the first has nothing before it.
create or replace function seal_of(p_before bytea, a audit) returns bytea language sql stable as $$
  select sha256(p_before || convert_to(audit_text(a), 'UTF8'))
$$;

-- Seals unsealed rows in the order of their ids, at most p_limit. Ids are assigned before commit, so a row may appear below ones
-- that are sealed already: rows are searched down to the low-water mark, which stays ten minutes behind. (A statement may take
-- seconds.) It runs with its owner's rights: the application's role may add to the audit, not to the seals.
create or replace function seal_audit(p_limit integer, out sealed integer, out "position" bigint, out head text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  h    audit_head;
  a    audit;
  upto bigint;
begin
  sealed := 0;
  select * into strict h from audit_head for update;
  for a in
    select * from audit r
    where r.id > h.low_water and not exists (select from audit_seals s where s.audit_id = r.id)
    order by r.id limit p_limit
  loop
    h.position := h.position + 1;
    h.hash := seal_of(h.hash, a);
    insert into audit_seals values (h.position, a.id, h.hash);
    sealed := sealed + 1;
    upto := a.id;
  end loop;
  if sealed < p_limit then select max(audit_id) into upto from audit_seals; end if;
  select r.id into upto from audit r where r.id <= upto and r.at < now() - interval '10 minutes' order by r.id desc limit 1;
  update audit_head set position = h.position, hash = h.hash, low_water = greatest(low_water, upto)
  where sealed > 0 or low_water < upto;
  position := h.position;
  head := encode(h.hash, 'hex');
end $$;
revoke execute on function seal_audit(integer) from public;

-- What does not agree in a piece of the chain: the `p_limit` seals after `p_after` (null: all), whose own seal is `p_hash`. Every
-- seal is computed from the stored one before it, so that one change is one line. With them the rows after `p_after_id` that
-- have no seal: a fault once the newest row is ten minutes younger. The last piece also compares the end with its head.
create or replace function audit_faults(p_after bigint, p_hash bytea, p_after_id bigint, p_limit integer)
returns table ("position" bigint, audit_id bigint, fault text)
language sql stable set enable_seqscan = off set jit = off as $$
  with piece as materialized (
    select s.position, s.audit_id, s.hash from audit_seals s where s.position > p_after order by s.position limit p_limit
  ), ends as materialized (
    select p_limit is null or count(*) < p_limit as is_last,
           case when p_limit is null or count(*) < p_limit then 9223372036854775807 else max(p.audit_id) end as up_to_id
    from piece p
  ), links as (
    select p.position, p.audit_id, p.hash, lag(p.position, 1, p_after) over chain as before,
           lag(p.hash, 1, p_hash) over chain as hash_before
    from piece p window chain as (order by p.position)
  )
  select p_after, null::bigint, 'the seal up to which it was verified is gone or another'
  where p_after > 0 and (select s.hash from audit_seals s where s.position = p_after) is distinct from p_hash
  union all
  select l.position, l.audit_id,
         case when l.position <> l.before + 1 then 'seals before this one are gone'
              when a.id is null then 'the row is gone'
              else 'the row or its seal was changed' end
  from links l left join lateral (select r.id, r as entry from audit r where r.id = l.audit_id limit 1) a on true
  where l.position <> l.before + 1 or a.id is null or l.hash <> seal_of(l.hash_before, a.entry)
  union all
  select null, a.id, 'the row has no seal'
  from ends e join audit a on a.id > p_after_id and a.id <= e.up_to_id
  where (select s.position from audit_seals s where s.audit_id = a.id) is null
    and (a.id <= (select low_water from audit_head)
         or a.at < (select n.at from audit n order by n.id desc limit 1) - interval '10 minutes')
  union all
  select h.position, null, 'the chain does not end where its head says'
  from ends e left join audit_head h on true
  left join (select s.position, s.hash from audit_seals s order by s.position desc limit 1) last on true
  where e.is_last
    and (h.position is distinct from coalesce(last.position, 0) or h.hash is distinct from coalesce(last.hash, ''))
$$;

-- The whole chain at once, as the release before asks for it.
create or replace function verify_audit() returns table ("position" bigint, audit_id bigint, fault text)
language sql stable as $$
  select * from audit_faults(0, '', 0, null)
$$;

-- Verifies the next piece of the chain, from one snapshot. Answers {looked, upTo, hash, upToId, isLast, wrong, faults}: where
-- the piece after it begins, how many faults, and the first hundred of them. Hashes are hexadecimal. Changes nothing.
create or replace function verify_audit_piece(p_after bigint, p_hash text, p_after_id bigint, p_limit integer) returns jsonb
language sql stable set enable_seqscan = off as $$
  with piece as materialized (
    select s.position, s.audit_id, s.hash from audit_seals s where s.position > p_after order by s.position limit p_limit
  ), faults as materialized (
    select f.fault, row_number() over (order by f.position, f.audit_id) as place,
           jsonb_build_object('position', f.position, 'auditId', f.audit_id, 'fault', f.fault) as entry
    from audit_faults(p_after, decode(p_hash, 'hex'), p_after_id, p_limit) f
  )
  select jsonb_build_object(
    'looked', (select count(*) from piece),
    'upTo', coalesce((select max(p.position) from piece p), p_after),
    'hash', coalesce((select encode(p.hash, 'hex') from piece p order by p.position desc limit 1), p_hash),
    'upToId', greatest(p_after_id, (select max(p.audit_id) from piece p)),
    'isLast', (select count(*) from piece) < p_limit,
    'wrong', (select count(*) from faults),
    'faults', (select coalesce(jsonb_agg(entry order by place), '[]') from faults where place <= 100))
$$;
