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

-- Computes the whole chain anew and returns what does not agree. Every seal is computed from the stored one before it, so that
-- one change is one line. A row without a seal is a fault once the newest row is ten minutes younger.
create or replace function verify_audit() returns table ("position" bigint, audit_id bigint, fault text)
language sql stable as $$
  with links as (
    select s.position, s.audit_id, s.hash, lag(s.position, 1, 0::bigint) over chain as before,
           lag(s.hash, 1, ''::bytea) over chain as hash_before
    from audit_seals s window chain as (order by s.position)
  )
  select l.position, l.audit_id,
         case when l.position <> l.before + 1 then 'seals before this one are gone'
              when a.id is null then 'the row is gone'
              else 'the row or its seal was changed' end
  from links l left join audit a on a.id = l.audit_id
  where l.position <> l.before + 1 or a.id is null or l.hash <> seal_of(l.hash_before, a)
  union all
  select null, a.id, 'the row has no seal'
  from audit a
  where not exists (select from audit_seals s where s.audit_id = a.id)
    and (a.id <= (select low_water from audit_head)
         or a.at < (select n.at from audit n order by n.id desc limit 1) - interval '10 minutes')
  union all
  select h.position, null, 'the chain does not end where its head says'
  from (select 1) one left join audit_head h on true
  left join (select s.position, s.hash from audit_seals s order by s.position desc limit 1) last on true
  where h.position is distinct from coalesce(last.position, 0) or h.hash is distinct from coalesce(last.hash, '')
$$;
