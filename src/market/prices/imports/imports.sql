-- Prices that count: of the import that was committed last of those that have the day. The sample's only where nothing
-- real was committed.
create or replace function counted_prices(p_symbol text)
returns table (day date, close double precision, basis text, import_id bigint) language sql stable as $$
  select distinct on (p.day) p.day, p.close, p.basis, p.import_id
  from prices p
  join imports i on i.id = p.import_id and i.status = 'committed'
  where p.symbol = p_symbol
  order by p.day, i.committed_at desc nulls last, p.import_id desc
$$;

-- Splits that count, one for a day: what was entered by hand stands over what came with an import.
create or replace function counted_splits() returns setof splits language sql stable as $$
  select distinct on (s.symbol, s.day) s.* from splits s
  left join imports i on i.id = s.import_id
  where s.import_id is null or i.status = 'committed'
  order by s.symbol, s.day, s.import_id nulls first
$$;

-- Days of an import's symbols on which the price jumps as no market moves an ETF: near a split's ratio, or by more than
-- three tenths. Looked at across the import and what counts already; known splits and confirmed jumps are left out.
create or replace function jumps_of_import(p_import_id bigint)
returns table (symbol text, day date, before_day date, before_close double precision, close double precision, ratio double precision)
language sql stable as $$
  with touched as materialized (
    select distinct p.symbol from prices p where p.import_id = p_import_id
  ), together as materialized (
    select distinct on (p.symbol, p.day) p.symbol, p.day, p.close, p.basis
    from prices p
    join imports i on i.id = p.import_id
    where (p.import_id = p_import_id or (i.status = 'committed' and i.origin <> 'sample'))
      and p.symbol in (select t.symbol from touched t)
    order by p.symbol, p.day, (p.import_id = p_import_id) desc, i.committed_at desc nulls last, p.import_id desc
  ), pairs as (
    select t.*, lag(t.day) over by_day as before_day, lag(t.close) over by_day as before_close,
           lag(t.basis) over by_day as before_basis
    from together t
    window by_day as (partition by t.symbol order by t.day)
  ), measured as (
    select pairs.*, before_close / close as factor from pairs where before_close is not null
  )
  select m.symbol, m.day, m.before_day, m.before_close, m.close,
         (select case when m.factor > 1 then k else 1 / k end
          from unnest(array[2, 3, 4, 5, 10, 20, 50, 100]::double precision[]) k
          where abs(ln(greatest(m.factor, 1 / m.factor)) - ln(k)) < 0.12
          order by abs(ln(greatest(m.factor, 1 / m.factor)) - ln(k)) limit 1)
  from measured m
  where (m.factor > 1.3 or m.factor < 1 / 1.3)
    and not exists (select from splits s where s.symbol = m.symbol and s.day = m.day
                    and (s.import_id is null or s.import_id = p_import_id
                         or exists (select from imports i where i.id = s.import_id and i.status = 'committed')))
    and not exists (select from real_jumps r where r.symbol = m.symbol and r.day = m.day)
  order by m.symbol, m.day
$$;

-- Says of one jump of a held import what it is: a split of that many new units for one old, or (null) the market's own.
create or replace function decide_jump(p_import_id bigint, p_symbol text, p_day date, p_ratio double precision, p_actor text)
returns text language plpgsql as $$
begin
  perform 1 from market_state for update;
  if not exists (select from imports where id = p_import_id and status = 'held') then return 'not-held'; end if;
  if not exists (select from jumps_of_import(p_import_id) j where j.symbol = p_symbol and j.day = p_day) then
    return 'decided';
  end if;
  if p_ratio is null then
    insert into real_jumps (symbol, day, confirmed_by) values (p_symbol, p_day, p_actor);
  else
    insert into splits (symbol, day, ratio, import_id, confirmed_by) values (p_symbol, p_day, p_ratio, p_import_id, p_actor);
  end if;
  insert into audit (actor, action, details)
  values (p_actor, case when p_ratio is null then 'jump.confirmed' else 'split.confirmed' end,
          jsonb_strip_nulls(jsonb_build_object('import', p_import_id, 'symbol', p_symbol, 'day', p_day, 'ratio', p_ratio)));
  return 'done';
end $$;

-- The whole import counts from now on, or nothing of it: refused with a word where it may not. Later commits have later
-- times, for they wait for each other; what counts goes by it. `p_version` is of the
-- market that the preview was made from; null when nobody looked at one.
create or replace function commit_import(p_import_id bigint, p_actor text, p_version bigint)
returns text language plpgsql as $$
declare
  given imports;
begin
  perform 1 from market_state for update;
  select * into given from imports where id = p_import_id;
  if not found then return 'unknown'; end if;
  if given.status = 'committed' then return 'committed'; end if;
  if given.status <> 'held' then return 'not-held'; end if;
  -- A sample never comes after real prices, nor after another sample.
  if given.origin = 'sample' and exists (select from imports where committed_at is not null) then return 'late'; end if;
  if p_version is not null and p_version <> (select version from market_state) then return 'changed'; end if;
  if given.problem_count > 0 then return 'has-problems'; end if;
  if not exists (select from prices where import_id = p_import_id) then return 'empty'; end if;
  if exists (select from jumps_of_import(p_import_id)) then return 'undecided'; end if;
  update imports set status = 'committed', committed_at = clock_timestamp() where id = p_import_id;
  -- The sample ends with the first real prices, and never stands beside them.
  if given.origin <> 'sample' then
    update imports set status = 'dropped' where origin = 'sample' and status in ('held', 'committed');
  end if;
  update market_state set version = version + 1, changed_at = now();
  insert into audit (actor, action, details)
  values (p_actor, 'import.committed', jsonb_build_object('import', p_import_id, 'before', given.status, 'after', 'committed'));
  return 'committed';
end $$;

-- Takes a committed import back: what it had replaced counts again. `p_version` as above.
create or replace function undo_import(p_import_id bigint, p_actor text, p_version bigint)
returns text language plpgsql as $$
declare
  given imports;
begin
  perform 1 from market_state for update;
  select * into given from imports where id = p_import_id;
  if not found then return 'unknown'; end if;
  if given.status = 'undone' then return 'undone'; end if;
  if given.status <> 'committed' or given.origin = 'sample' then return 'not-committed'; end if;
  if p_version is not null and p_version <> (select version from market_state) then return 'changed'; end if;
  update imports set status = 'undone', undone_at = now() where id = p_import_id;
  update market_state set version = version + 1, changed_at = now();
  insert into audit (actor, action, details)
  values (p_actor, 'import.undone', jsonb_build_object('import', p_import_id, 'before', 'committed', 'after', 'undone'));
  return 'undone';
end $$;
