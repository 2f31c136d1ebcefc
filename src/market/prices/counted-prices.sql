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

-- Whether a symbol has a price that counts on one of these days.
create or replace function has_price(p_symbol text, p_from date, p_to date) returns boolean language sql stable as $$
  select exists (select from prices p join imports i on i.id = p.import_id and i.status = 'committed'
                 where p.symbol = p_symbol and p.day between p_from and p_to)
$$;

-- Splits that count, one for a day: one that was entered by hand goes before one that came with an import.
create or replace function counted_splits() returns setof splits language sql stable as $$
  select distinct on (s.symbol, s.day) s.* from splits s
  left join imports i on i.id = s.import_id
  where s.import_id is null or i.status = 'committed'
  order by s.symbol, s.day, s.import_id nulls first
$$;

-- Days of an import's symbols on which the price jumps as no market moves an ETF: near a split's ratio, or by more than
-- three tenths. Found across the import and what counts already (the sample for a sample only), without known splits and
-- confirmed jumps.
create or replace function jumps_of_import(p_import_id bigint)
returns table (symbol text, day date, before_day date, before_close double precision, close double precision, ratio double precision)
language sql stable as $$
  with touched as materialized (
    select distinct p.symbol from prices p where p.import_id = p_import_id
  ), together as materialized (
    select distinct on (p.symbol, p.day) p.symbol, p.day, p.close, p.basis
    from prices p
    join imports i on i.id = p.import_id
    where (p.import_id = p_import_id
           or (i.status = 'committed' and (i.origin <> 'sample' or (select o.origin = 'sample' from imports o where o.id = p_import_id))))
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
