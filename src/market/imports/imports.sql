-- Prices that count: of the newest committed import that has the day. The sample's only where nothing real was committed.
create or replace function counted_prices(p_symbol text)
returns table (day date, close double precision, basis text, import_id bigint) language sql stable as $$
  select distinct on (p.day) p.day, p.close, p.basis, p.import_id
  from prices p
  join imports i on i.id = p.import_id and i.status = 'committed'
  where p.symbol = p_symbol
  order by p.day, p.import_id desc
$$;

-- Splits that count.
create or replace function counted_splits() returns setof splits language sql stable as $$
  select s.* from splits s
  left join imports i on i.id = s.import_id
  where s.import_id is null or i.status = 'committed'
$$;

-- Days of an import's symbols on which the price jumps as no market moves an ETF: near a split's ratio, or by more than
-- three tenths. Looked at across the import and what counts already; known splits and confirmed jumps are left out.
create or replace function jumps_of_import(p_import_id bigint)
returns table (symbol text, day date, before_day date, before_close double precision, close double precision, ratio double precision)
language sql stable as $$
  with together as materialized (
    select distinct on (p.symbol, p.day) p.symbol, p.day, p.close, p.basis
    from prices p
    join imports i on i.id = p.import_id
    where (p.import_id = p_import_id or (i.status = 'committed' and i.origin <> 'sample'))
      and p.symbol in (select mine.symbol from prices mine where mine.import_id = p_import_id)
    order by p.symbol, p.day, (p.import_id = p_import_id) desc, p.import_id desc
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

-- The whole import counts from now on, or nothing of it: refused with a word where it may not.
create or replace function commit_import(p_import_id bigint, p_actor text) returns text language plpgsql as $$
declare
  given imports;
begin
  perform 1 from market_state for update;
  select * into given from imports where id = p_import_id;
  if not found then return 'unknown'; end if;
  if given.status = 'committed' then return 'committed'; end if;
  if given.status <> 'held' then return 'not-held'; end if;
  if given.problem_count > 0 then return 'has-problems'; end if;
  if not exists (select from prices where import_id = p_import_id) then return 'empty'; end if;
  if exists (select from jumps_of_import(p_import_id)) then return 'undecided'; end if;
  update imports set status = 'committed', committed_at = now() where id = p_import_id;
  -- The sample ends with the first real prices, and never stands beside them.
  if given.origin <> 'sample' then
    update imports set status = 'dropped' where origin = 'sample' and status in ('held', 'committed');
  end if;
  update market_state set version = version + 1, changed_at = now();
  insert into audit (actor, action, details)
  values (p_actor, 'import.committed', jsonb_build_object('import', p_import_id, 'before', given.status, 'after', 'committed'));
  return 'committed';
end $$;

-- Takes a committed import back: what it had replaced counts again.
create or replace function undo_import(p_import_id bigint, p_actor text) returns text language plpgsql as $$
begin
  perform 1 from market_state for update;
  update imports set status = 'undone', undone_at = now()
  where id = p_import_id and status = 'committed' and origin <> 'sample';
  if not found then
    return case when exists (select from imports where id = p_import_id and status = 'undone') then 'undone' else 'not-committed' end;
  end if;
  update market_state set version = version + 1, changed_at = now();
  insert into audit (actor, action, details)
  values (p_actor, 'import.undone', jsonb_build_object('import', p_import_id, 'before', 'committed', 'after', 'undone'));
  return 'undone';
end $$;
