-- Prices that count: of the import that was committed last of those that have the day. The sample's only where nothing
-- real was committed. `restated_as_of`: of a restated price the day up to which splits are accounted for, null for ever.
create or replace function counted_closes(p_symbol text)
returns table (day date, close double precision, basis text, restated_as_of date, import_id bigint) language sql stable as $$
  select distinct on (p.day) p.day, p.close, p.basis, p.restated_as_of, p.import_id
  from prices p
  join imports i on i.id = p.import_id and i.status = 'committed'
  where p.symbol = p_symbol
  order by p.day, i.committed_at desc nulls last, p.import_id desc
$$;

-- The same without the day of a restated price.
create or replace function counted_prices(p_symbol text)
returns table (day date, close double precision, basis text, import_id bigint) language sql stable as $$
  select c.day, c.close, c.basis, c.import_id from counted_closes(p_symbol) c
$$;

-- What was traded of a symbol on the days of which a file says it, by the import that was committed last of those that do. `volume` in
-- units and `close` in rupees as their file says, `turnover` in rupees; basis and restated_as_of are those of the volume.
create or replace function counted_trading(p_symbol text, p_from date, p_to date)
returns table (day date, close double precision, volume double precision, turnover double precision, basis text, restated_as_of date)
language sql stable as $$
  select distinct on (p.day) p.day, p.close, p.volume, p.turnover, p.basis, p.restated_as_of
  from prices p
  join imports i on i.id = p.import_id and i.status = 'committed'
  where p.symbol = p_symbol and p.day between p_from and p_to and (p.volume is not null or p.turnover is not null)
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

-- Days on which the benchmark has a price that counts, one for each such price. The sample counts only where prices are invented.
-- (Its symbol is looked up once, so that the newest day and whether there is one are found by the index.)
create or replace function benchmark_days(p_invented boolean) returns setof date language sql stable as $$
  select p.day
  from prices p
  join imports i on i.id = p.import_id and i.status = 'committed' and (p_invented or i.origin <> 'sample')
  where p.symbol = (select b.symbol from instruments b where b.kind = 'benchmark')
$$;
