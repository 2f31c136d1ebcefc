-- The entries of NSE's list as they were read.
create or replace function etfs_read(p_etfs jsonb)
returns table (symbol text, security_name text, underlying text, isin text, listed_on date) language sql stable as $$
  select e.symbol, e."securityName", e.underlying, e.isin, e."listedOn"
  from jsonb_to_recordset(p_etfs) as e(symbol text, "securityName" text, underlying text, isin text, "listedOn" date)
$$;

-- NSE's list as it was read replaces the one before, whole; of two at once the later one stays. Answers how many came,
-- went and changed; the same list again changes only when it was read, and is not audited. (Processes of an earlier release
-- call the function without p_origin, which therefore stays in databases that have it.)
create or replace function replace_etf_list(p_etfs jsonb, p_file text, p_actor text, p_origin jsonb)
returns jsonb language plpgsql as $$
declare
  v_entries int := jsonb_array_length(p_etfs);
  v_added   int;
  v_changed int;
  v_gone    int;
  v_counts  jsonb;
begin
  perform pg_advisory_xact_lock(hashtext('replace_etf_list'));
  if (v_entries > 0) is not true then raise exception 'An empty list of ETFs was given.'; end if;
  select count(*) filter (where l.symbol is null),
         count(*) filter (where l.symbol is not null
                          and (l.security_name, l.underlying, l.isin, l.listed_on)
                              is distinct from (e.security_name, e.underlying, e.isin, e.listed_on))
  into v_added, v_changed
  from etfs_read(p_etfs) e left join etf_list l on l.symbol = e.symbol;
  delete from etf_list where symbol not in (select e.symbol from etfs_read(p_etfs) e);
  get diagnostics v_gone = row_count;
  insert into etf_list (symbol, security_name, underlying, isin, listed_on)
  select e.symbol, e.security_name, e.underlying, e.isin, e.listed_on from etfs_read(p_etfs) e
  on conflict (symbol) do update
  set security_name = excluded.security_name, underlying = excluded.underlying, isin = excluded.isin,
      listed_on = excluded.listed_on, read_at = now();
  v_counts := jsonb_build_object('entries', v_entries, 'added', v_added, 'gone', v_gone, 'changed', v_changed);
  if v_added + v_gone + v_changed > 0 then
    perform record_audit(p_actor, 'etf-list.read', p_origin => p_origin,
                         p_details => jsonb_build_object('file', p_file) || v_counts);
  end if;
  return v_counts;
end $$;
