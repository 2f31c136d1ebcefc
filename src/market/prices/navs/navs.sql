-- NAVs that count: of the import that was committed last of those that have the day. Beside the sample's prices the sample's alone, for
-- what a real fund is worth says nothing about an invented price.
create or replace function counted_navs(p_symbol text) returns table (day date, nav double precision) language sql stable as $$
  select distinct on (n.day) n.day, n.nav
  from navs n
  join imports i on i.id = n.import_id and i.status = 'committed'
  where n.symbol = p_symbol
    and (i.origin = 'sample') = exists (select from imports s where s.origin = 'sample' and s.status = 'committed')
  order by n.day, i.committed_at desc nulls last, n.import_id desc
$$;

-- Adds NAVs to an import that is being read; to one that was dropped meanwhile, none. Answers those whose symbol and day the import
-- has already, and where. (As stage_prices does.)
create or replace function stage_navs(p_import_id bigint, p_navs jsonb)
returns table (symbol text, day date, file integer, line integer, first_file integer, first_line integer)
language plpgsql as $$
begin
  perform 1 from market_state for key share;
  perform 1 from imports where id = p_import_id and status = 'reading' for share;
  if not found then return; end if;
  return query
    with given as materialized (
      select g.*, row_number() over (partition by g.symbol, g.day order by g.place) as nth
      from rows from (jsonb_to_recordset(p_navs)
        as (symbol text, day date, nav double precision, file smallint, line integer))
        with ordinality as g(symbol, day, nav, file, line, place)
      -- One that was renamed while its file is being read has this symbol no more; the reader notices at the end.
      where exists (select from instruments i where i.symbol = g.symbol)
    ), added as (
      insert into navs as n (import_id, symbol, day, nav, file, line)
      select p_import_id, g.symbol, g.day, g.nav, g.file, g.line from given g where g.nth = 1
      on conflict do nothing
      returning n.symbol, n.day, n.file, n.line
    ), missed as materialized (
      select g.* from given g where g.nth > 1 or (g.symbol, g.day) not in (select a.symbol, a.day from added a)
    )
    select m.symbol, m.day, m.file::int, m.line, first.file::int, first.line
    from missed m
    cross join lateral (
      select n.file, n.line from navs n where n.import_id = p_import_id and n.symbol = m.symbol and n.day = m.day
      union all
      select a.file, a.line from added a where a.symbol = m.symbol and a.day = m.day
    ) first
    order by m.place;
end $$;
