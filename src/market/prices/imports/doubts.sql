-- Pairs of neighbouring closes in what would count with an import (for a sample, beside the sample only), or without it where not
-- `p_counts`, that need a person: with every known split accounted for by the basis of each price, the later one still differs
--   by more than three tenths, as no market moves an ETF in a day; or
--   by about the ratio of a known split, or its inverse, where that split lies between the two or their bases differ: then it
--   is accounted for twice, or not at all. Nearer to the ratio than to no move is enough, for such a move is rare and a
--   wrongly adjusted history is wrong for years; moves below a twentieth are never asked about.
-- Looked at are the closes from a month before the import's first one (or the last before that) to the one after its last; all of
-- them where a split came with the import or was entered in the last ninety days, since it changes what other closes are worth.
-- `factor` is what is left of before / after; `ratio` a usual split's near it; `split_…` the known split in question. Moves that
-- were confirmed as the market's own are left out while the import they were confirmed with counts, or is this one.
create or replace function doubts_around(p_import_id bigint, p_counts boolean)
returns table (
  symbol text, day date, before_day date, before_close double precision, close double precision,
  factor double precision, ratio double precision, split_day date, split_ratio double precision,
  before_import_id bigint, before_file smallint, before_basis text, before_as_of date,
  import_id bigint, file smallint, basis text, as_of date
) language sql stable as $$
  with touched as materialized (
    select p.symbol, min(p.day) as first_day, max(p.day) as last_day,
           exists (select from splits s where s.symbol = p.symbol
                   and (s.import_id = p_import_id or s.created_at > now() - interval '90 days')) as is_split
    from prices p where p.import_id = p_import_id
    group by p.symbol
  ), known as materialized (
    select s.symbol, array_agg(s.day) as days, array_agg(s.ratio) as ratios
    from (select distinct on (s.symbol, s.day) s.symbol, s.day, s.ratio
          from splits s
          left join imports i on i.id = s.import_id
          where s.import_id is null or (s.import_id = p_import_id and p_counts)
             or (s.import_id <> p_import_id and i.status = 'committed')
          order by s.symbol, s.day, s.import_id nulls first) s
    group by s.symbol
  ), usable as not materialized (
    select i.id, i.committed_at
    from imports i
    where (i.id = p_import_id and p_counts)
       or (i.id <> p_import_id and i.status = 'committed'
           and (i.origin <> 'sample' or (select o.origin = 'sample' from imports o where o.id = p_import_id)))
  ), pairs as (
    select t.symbol, k.days, k.ratios, p.*
    from touched t
    left join known k on k.symbol = t.symbol
    left join lateral (
      select p.day from prices p join usable i on i.id = p.import_id
      where p.symbol = t.symbol and p.day < t.first_day
      order by p.day desc limit 1
    ) before on true
    left join lateral (
      select p.day from prices p join usable i on i.id = p.import_id
      where p.symbol = t.symbol and p.day > t.last_day
      order by p.day limit 1
    ) after on true
    cross join lateral (
      -- Plain bounds, so that the index finds the few closes of a daily file among those of many years.
      select case when t.is_split then '-infinity' else least(t.first_day - 30, before.day) end as from_day,
             case when t.is_split then 'infinity' else coalesce(after.day, t.last_day) end as to_day
    ) looked_at
    cross join lateral (
      select a.*, lag(a.day) over by_day as before_day, lag(a.close) over by_day as before_close,
             lag(a.adjusted) over by_day / a.adjusted as factor,
             lag(a.basis) over by_day as before_basis, lag(a.as_of) over by_day as before_as_of,
             lag(a.import_id) over by_day as before_import_id, lag(a.file) over by_day as before_file
      from (select c.*, case when k.days is null then c.close
                             else c.close / (select coalesce(exp(sum(ln(u.ratio))), 1) from unnest(k.days, k.ratios) u(day, ratio)
                                             where u.day > case when c.basis = 'traded' then c.day
                                                                else coalesce(c.as_of, 'infinity') end) end as adjusted
            from (select distinct on (p.day) p.day, p.close, p.basis, p.restated_as_of as as_of, p.import_id, p.file
                  from prices p
                  join usable i on i.id = p.import_id
                  where p.symbol = t.symbol and p.day between looked_at.from_day and looked_at.to_day
                  order by p.day, (p.import_id = p_import_id) desc, i.committed_at desc nulls last, p.import_id desc) c
            offset 0) a  -- so that what it is divided by is computed once
      window by_day as (order by a.day)
    ) p
  ), moved as (
    select p.*, abs(ln(p.factor)) as size, (p.before_basis, p.before_as_of) is distinct from (p.basis, p.as_of) as bases_meet
    from pairs p
    where p.factor not between 0.952 and 1.05
  )
  select m.symbol, m.day, m.before_day, m.before_close, m.close, m.factor, usual.ratio, split.day, split.ratio,
         m.before_import_id, m.before_file, m.before_basis, m.before_as_of, m.import_id, m.file, m.basis, m.as_of
  from moved m
  left join lateral (
    select u.day, u.ratio
    from unnest(m.days, m.ratios) u(day, ratio)
    where u.day > m.before_day and (u.day <= m.day or m.bases_meet)
      and abs(m.size - abs(ln(u.ratio))) < least(0.25, abs(ln(u.ratio)) / 2)
    order by abs(m.size - abs(ln(u.ratio))), u.day
    limit 1
  ) split on true
  left join lateral (
    select case when m.factor > 1 then k else 1 / k end as ratio
    from unnest(array[1.5, 2, 2.5, 3, 4, 5, 10, 20, 50, 100]::double precision[]) k
    where abs(m.size - ln(k)) < 0.12
    order by abs(m.size - ln(k))
    limit 1
  ) usual on true
  where (m.factor not between 1 / 1.3 and 1.3 or split.day is not null)
    and not exists (select from real_jumps r
                    left join imports i on i.id = r.import_id
                    where r.symbol = m.symbol and r.day = m.day
                      and (r.import_id is null or (r.import_id = p_import_id and p_counts)
                           or (r.import_id <> p_import_id and i.status = 'committed')))
  order by m.symbol, m.day
$$;

-- The same of what would count if a held import were committed.
create or replace function doubts_of_import(p_import_id bigint)
returns table (
  symbol text, day date, before_day date, before_close double precision, close double precision,
  factor double precision, ratio double precision, split_day date, split_ratio double precision,
  before_import_id bigint, before_file smallint, before_basis text, before_as_of date,
  import_id bigint, file smallint, basis text, as_of date
) language sql stable as $$
  select * from doubts_around(p_import_id, true)
$$;

-- The same by day, as processes of an earlier release and the reports read it.
create or replace function jumps_of_import(p_import_id bigint)
returns table (symbol text, day date, before_day date, before_close double precision, close double precision, ratio double precision)
language sql stable as $$
  select d.symbol, d.day, d.before_day, d.before_close, d.close, d.ratio from doubts_of_import(p_import_id) d
$$;

-- Says of one doubt of a held import what it is: a split of that many new units for one old on its day, or (null) the market's
-- own move. The result is 'done', or why not: 'not-held', 'decided', or 'known' for a split of a day that has one already.
-- (Of this function and the one below, processes of an earlier release call the one without p_origin, which therefore stays
-- in databases that have it.)
create or replace function decide_jump(
  p_import_id bigint, p_symbol text, p_day date, p_ratio double precision, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
begin
  perform 1 from market_state for update;
  perform 1 from imports where id = p_import_id and status = 'held' for update;
  if not found then return 'not-held'; end if;
  if not exists (select from doubts_of_import(p_import_id) d where d.symbol = p_symbol and d.day = p_day) then
    return 'decided';
  end if;
  if p_ratio is null then
    insert into real_jumps (symbol, day, import_id, confirmed_by) values (p_symbol, p_day, p_import_id, p_actor);
  else
    if exists (select from splits s left join imports i on i.id = s.import_id
               where s.symbol = p_symbol and s.day = p_day
                 and (s.import_id is null or s.import_id = p_import_id or i.status = 'committed')) then
      return 'known';
    end if;
    insert into splits (symbol, day, ratio, import_id, confirmed_by) values (p_symbol, p_day, p_ratio, p_import_id, p_actor);
  end if;
  perform record_audit(
    p_actor, case when p_ratio is null then 'jump.confirmed' else 'split.confirmed' end, p_origin => p_origin,
    p_details => jsonb_strip_nulls(jsonb_build_object('import', p_import_id, 'symbol', p_symbol, 'day', p_day,
                                                      'ratio', p_ratio)));
  return 'done';
end $$;

-- Forgets what was decided about a day with a held import. False: nothing was, or the import is not held any more.
create or replace function reopen_jump(p_import_id bigint, p_symbol text, p_day date, p_actor text, p_origin jsonb)
returns boolean language plpgsql as $$
declare
  v_forgotten boolean;
begin
  perform 1 from imports where id = p_import_id and status = 'held' for update;
  if not found then return false; end if;
  delete from splits s where s.import_id = p_import_id and s.symbol = p_symbol and s.day = p_day;
  v_forgotten := found;
  delete from real_jumps r where r.import_id = p_import_id and r.symbol = p_symbol and r.day = p_day;
  v_forgotten := v_forgotten or found;
  if not v_forgotten then return false; end if;
  perform record_audit(p_actor, 'jump.reopened', p_origin => p_origin,
                       p_details => jsonb_build_object('import', p_import_id, 'symbol', p_symbol, 'day', p_day));
  return true;
end $$;
