-- What the audit says of an instrument before and after a change.
create or replace function instrument_details(i instruments) returns jsonb language sql stable as $$
  select jsonb_build_object('name', i.name, 'kind', i.kind, 'tracks', i.tracks, 'isin', i.isin, 'shown', i.shown,
                            'universe', i.universe, 'isBenchmarkChoice', i.is_benchmark_choice)
$$;

-- Adds an instrument to those that are followed. False: it is followed already.
create or replace function follow_instrument(
  p_symbol text, p_name text, p_universe text, p_tracks text, p_isin text, p_shown boolean, p_is_benchmark_choice boolean,
  p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  v_added instruments;
begin
  perform 1 from market_state for update;
  insert into instruments (symbol, name, kind, tracks, isin, shown, universe, is_benchmark_choice)
  values (p_symbol, p_name, case p_universe when 'sector' then 'sector' else 'other' end, p_tracks, p_isin, p_shown, p_universe,
          p_is_benchmark_choice)
  on conflict do nothing
  returning * into v_added;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'instrument.added', p_origin => p_origin,
                       p_details => jsonb_build_object('symbol', p_symbol) || instrument_details(v_added));
  return true;
end $$;

-- Changes an instrument that was seen at revision `p_seen`; the benchmark stays the benchmark, shown, in its universe and a
-- choice. False: it is at another revision.
create or replace function revise_instrument(
  p_symbol text, p_seen integer, p_name text, p_universe text, p_tracks text, p_isin text, p_shown boolean,
  p_is_benchmark_choice boolean, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  v_before instruments;
  v_after  instruments;
begin
  perform 1 from market_state for update;
  select * into v_before from instruments where symbol = p_symbol and revision = p_seen for update;
  if not found then return false; end if;
  update instruments
  set name = p_name, tracks = p_tracks, isin = p_isin, revision = revision + 1,
      kind = case when kind = 'benchmark' then kind when p_universe = 'sector' then 'sector' else 'other' end,
      universe = case when kind = 'benchmark' then universe else p_universe end,
      shown = kind = 'benchmark' or p_shown,
      is_benchmark_choice = kind = 'benchmark' or p_is_benchmark_choice
  where symbol = p_symbol
  returning * into v_after;
  perform market_changed();
  perform record_audit(p_actor, 'instrument.changed', p_origin => p_origin, p_details => jsonb_build_object(
    'symbol', p_symbol, 'before', instrument_details(v_before), 'after', instrument_details(v_after)));
  return true;
end $$;

-- Notes that a person checked symbol and index today (in India). False: it is at another revision, or was noted today.
create or replace function verify_instrument(p_symbol text, p_seen integer, p_actor text, p_origin jsonb)
returns boolean language plpgsql as $$
declare
  v_today date := (now() at time zone 'Asia/Kolkata')::date;
begin
  perform 1 from market_state for update;
  update instruments set verified_on = v_today
  where symbol = p_symbol and revision = p_seen and verified_on is distinct from v_today;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'instrument.verified', p_origin => p_origin,
                       p_details => jsonb_build_object('symbol', p_symbol, 'on', v_today));
  return true;
end $$;

-- Removes an instrument that never had a price. False: it had, or it is the benchmark, or not there.
create or replace function remove_instrument(p_symbol text, p_actor text, p_origin jsonb)
returns boolean language plpgsql as $$
declare
  v_name text;
begin
  perform 1 from market_state for update;
  delete from instruments i
  where symbol = p_symbol and kind <> 'benchmark'
    and not exists (select from prices p where p.symbol = i.symbol)
    and not exists (select from splits s where s.symbol = i.symbol)
    and not exists (select from real_jumps r where r.symbol = i.symbol)
  returning name into v_name;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'instrument.removed', p_origin => p_origin,
                       p_details => jsonb_build_object('symbol', p_symbol, 'name', v_name));
  return true;
end $$;

-- From now on everything is measured against another instrument unless a reader chooses; the one before stays a choice. What was another
-- fund of a sector is none any more. `p_seen`: the benchmark that the person who asks for it saw. (Processes of an earlier release
-- call the function without p_origin, which therefore stays in databases that have it.)
create or replace function change_benchmark(p_symbol text, p_seen text, p_actor text, p_origin jsonb)
returns text language plpgsql as $$
declare
  v_before text;
begin
  perform 1 from market_state for update;
  if not exists (select from instruments where symbol = p_symbol) then return 'unknown'; end if;
  select symbol into v_before from instruments where kind = 'benchmark';
  if v_before = p_symbol then return 'done'; end if;
  if v_before is distinct from p_seen then return 'changed'; end if;
  if exists (select from imports i where i.status = 'committed' and exists (select from prices p where p.import_id = i.id))
     and not exists (select from prices p join imports i on i.id = p.import_id
                     where p.symbol = p_symbol and i.status = 'committed') then
    return 'no-prices';
  end if;
  update instruments set kind = 'other', revision = revision + 1 where symbol = v_before;
  update instruments
  set kind = 'benchmark', shown = true, is_benchmark_choice = true, alternative_of = null, revision = revision + 1
  where symbol = p_symbol;
  perform market_changed();
  perform record_audit(p_actor, 'benchmark.changed', p_origin => p_origin,
                       p_details => jsonb_build_object('before', v_before, 'after', p_symbol));
  return 'done';
end $$;
