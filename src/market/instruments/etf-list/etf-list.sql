-- NSE's list as it was read takes the place of the one before, whole; of two at once the later one. Answers how many came,
-- went and changed; the same list again changes nothing but when it was read, and is noted as little.
create or replace function replace_etf_list(p_etfs jsonb, p_file text, p_actor text) returns jsonb language plpgsql as $$
declare
  entries int := jsonb_array_length(p_etfs);
  added   int;
  gone    int;
  changed int;
  counts  jsonb;
begin
  lock table etf_list in share row exclusive mode;
  if (entries > 0) is not true then raise exception 'An empty list of ETFs was given.'; end if;
  with given as materialized (
    select * from jsonb_to_recordset(p_etfs) as t(symbol text, "securityName" text, underlying text, isin text, "listedOn" date)
  ), compared as materialized (
    select g.*, l.symbol is null as is_new,
           (l.security_name, l.underlying, l.isin, l.listed_on)
             is distinct from (g."securityName", g.underlying, g.isin, g."listedOn") as differs
    from given g left join etf_list l on l.symbol = g.symbol
  ), dropped as (
    delete from etf_list where symbol not in (select symbol from given) returning symbol
  ), put as (
    insert into etf_list (symbol, security_name, underlying, isin, listed_on)
    select symbol, "securityName", underlying, isin, "listedOn" from given
    on conflict (symbol) do update
    set security_name = excluded.security_name, underlying = excluded.underlying, isin = excluded.isin,
        listed_on = excluded.listed_on, read_at = now()
  )
  select count(*) filter (where is_new), (select count(*) from dropped), count(*) filter (where differs and not is_new)
  into added, gone, changed
  from compared;
  counts := jsonb_build_object('entries', entries, 'added', added, 'gone', gone, 'changed', changed);
  if added + gone + changed > 0 then
    insert into audit (actor, action, details)
    values (p_actor, 'etf-list.read', jsonb_build_object('file', p_file) || counts);
  end if;
  return counts;
end $$;
