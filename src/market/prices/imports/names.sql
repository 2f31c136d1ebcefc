-- Names under which prices of an import came, and which are none of their instruments' by now. 'rename': another symbol,
-- 'isin': another ISIN, or one of an instrument that has none yet.
create or replace function names_seen(p_import_id bigint)
returns table (kind text, symbol text, seen text, first_day date, last_day date, prices integer) language sql stable as $$
  with named as materialized (
    select p.symbol, p.day, p.seen_symbol, p.seen_isin, i.isin
    from prices p
    join instruments i on i.symbol = p.symbol
    where p.import_id = p_import_id and (p.seen_symbol is not null or p.seen_isin is not null)
  )
  select 'rename', n.symbol, n.seen_symbol, min(n.day), max(n.day), count(*)::int
  from named n
  where n.seen_symbol <> n.symbol
    and not exists (select from former_names f where f.symbol = n.symbol and f.kind = 'symbol' and f.name = n.seen_symbol
                    and n.day <= f.until_day)
  group by n.symbol, n.seen_symbol
  union all
  select 'isin', n.symbol, n.seen_isin, min(n.day), max(n.day), count(*)::int
  from named n
  where n.seen_isin is distinct from n.isin and n.seen_isin is not null
    and not exists (select from former_names f where f.symbol = n.symbol and f.kind = 'isin' and f.name = n.seen_isin)
  group by n.symbol, n.seen_isin
$$;

-- ISINs that instruments without one take over from an import: the newest that its files say, of a fund, and nobody else's.
create or replace function isins_taken_over(p_import_id bigint) returns table (symbol text, isin text) language sql stable as $$
  select distinct on (n.symbol) n.symbol, n.seen
  from names_seen(p_import_id) n
  join instruments i on i.symbol = n.symbol and i.isin is null
  where n.kind = 'isin' and n.seen ~ '^INF[A-Z0-9]{8}[0-9]$'
    and not exists (select from instruments o where o.isin = n.seen)
    and not exists (select from former_names f where f.kind = 'isin' and f.name = n.seen)
    and not exists (select from names_seen(p_import_id) o where o.kind = 'isin' and o.seen = n.seen and o.symbol <> n.symbol)
  order by n.symbol, n.last_day desc, n.seen
$$;

-- Asks whether names that came with an import are the same instruments', and takes out of it the prices of names that were said
-- to be another fund's, of this import or of one that counts. To be called when it is held, after an answer, and again before it
-- counts: another import may have brought an answer, or a new question, meanwhile.
create or replace function ask_about_names(p_import_id bigint) returns void language plpgsql as $$
begin
  perform 1 from market_state for key share;
  delete from prices p
  using import_questions q
  join imports i on i.id = q.import_id and (i.status = 'committed' or i.id = p_import_id)
  where p.import_id = p_import_id and (p.seen_symbol is not null or p.seen_isin is not null)
    and q.answer = 'other' and q.symbol = p.symbol
    and q.seen = case q.kind when 'rename' then p.seen_symbol when 'isin' then p.seen_isin end;
  delete from import_questions q
  where q.import_id = p_import_id and q.kind in ('rename', 'isin') and q.answer is null
    and not exists (select from names_seen(p_import_id) n where (n.kind, n.symbol, n.seen) = (q.kind, q.symbol, q.seen));
  insert into import_questions (import_id, kind, symbol, seen, first_day, last_day, prices)
  select p_import_id, n.kind, n.symbol, n.seen, n.first_day, n.last_day, n.prices
  from names_seen(p_import_id) n
  where not exists (select from isins_taken_over(p_import_id) t where n.kind = 'isin' and (t.symbol, t.isin) = (n.symbol, n.seen))
  on conflict do nothing;
end $$;

-- Names of an import that are accepted: answered 'same', or taken over. `is_newest`: it becomes the present name, because no price
-- under the present one is of a later day; the present one was known up to `until_day` then. Else `until_day` is the name's own.
create or replace function accepted_names(p_import_id bigint)
returns table (kind text, symbol text, seen text, is_newest boolean, until_day date) language sql stable as $$
  with accepted as materialized (
    select n.* from names_seen(p_import_id) n
    where exists (select from import_questions q where q.import_id = p_import_id and q.answer = 'same'
                  and (q.kind, q.symbol, q.seen) = (n.kind, n.symbol, n.seen))
       or (n.kind = 'isin' and exists (select from isins_taken_over(p_import_id) t where (t.symbol, t.isin) = (n.symbol, n.seen)))
  ), compared as (
    select a.*, present.last_day as present_until,
           row_number() over (partition by a.kind, a.symbol order by a.last_day desc, a.first_day desc, a.seen) = 1 as is_last
    from accepted a
    cross join lateral (
      select max(p.day) as last_day
      from prices p
      join imports i on i.id = p.import_id
      where p.symbol = a.symbol
        and case when p.import_id = p_import_id then case a.kind when 'rename' then p.seen_symbol else p.seen_isin end is null
                 else i.status = 'committed'
                      and (i.origin <> 'sample' or exists (select from imports o where o.id = p_import_id and o.origin = 'sample'))
            end
    ) present
  ), placed as (
    select c.*, c.is_last and coalesce(c.last_day >= c.present_until, true) as is_newest from compared c
  )
  select p.kind, p.symbol, p.seen, p.is_newest,
         case when p.is_newest
              then coalesce((select min(o.first_day) - 1 from placed o
                             where (o.kind, o.symbol) = (p.kind, p.symbol) and coalesce(o.first_day > o.present_until, true)),
                            p.present_until)
              else p.last_day end
  from placed p
$$;

-- Whether an accepted name cannot be given, because it is the present symbol of an instrument that keeps it, or two would get it.
create or replace function is_name_taken(p_import_id bigint) returns boolean language sql stable as $$
  with renamed as materialized (
    select a.symbol, a.seen from accepted_names(p_import_id) a where a.kind = 'rename' and a.is_newest
  )
  select exists (select from renamed r join instruments i on i.symbol = r.seen
                 where i.symbol not in (select o.symbol from renamed o))
      or exists (select from renamed group by seen having count(*) > 1)
$$;

-- Accepted names of an import that begins to count: instruments take their new symbols and ISINs, and former ones are noted.
-- They stay when the import is undone: that a fund was renamed is a fact of the exchange, not of the file, and other
-- imports may have come under the new name since. The panel can rename it back.
create or replace function settle_names(p_import_id bigint, p_actor text, p_origin jsonb) returns void language plpgsql as $$
declare
  v_names   jsonb;
  v_renames jsonb;
  v_one     record;
begin
  select jsonb_agg(to_jsonb(a)) into v_names from accepted_names(p_import_id) a;
  if v_names is null then return; end if;
  for v_one in
    select n.* from jsonb_to_recordset(v_names) as n(kind text, symbol text, seen text, is_newest boolean, until_day date)
    join instruments i on i.symbol = n.symbol
    order by n.symbol, n.until_day
  loop
    if v_one.kind = 'isin' and v_one.seen ~ '^INF[A-Z0-9]{8}[0-9]$'
       and (v_one.is_newest or exists (select from isins_taken_over(p_import_id) t where (t.symbol, t.isin) = (v_one.symbol, v_one.seen)))
    then
      perform note_isin(v_one.symbol, v_one.seen, v_one.until_day, p_actor, p_origin, p_import_id);
    elsif v_one.kind = 'isin' or not v_one.is_newest then
      perform note_former_name(v_one.symbol, case v_one.kind when 'rename' then 'symbol' else 'isin' end, v_one.seen,
                               v_one.until_day, p_actor, p_origin, p_import_id);
    end if;
  end loop;
  select jsonb_agg(jsonb_build_object('symbol', n.symbol, 'newSymbol', n.seen, 'until', n.until_day) order by n.symbol)
  into v_renames
  from jsonb_to_recordset(v_names) as n(kind text, symbol text, seen text, is_newest boolean, until_day date)
  where n.kind = 'rename' and n.is_newest;
  perform rename_instruments(v_renames, p_actor, p_origin, p_import_id) where v_renames is not null;
end $$;
