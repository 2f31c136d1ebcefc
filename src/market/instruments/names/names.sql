-- Notes that an instrument was once known by another name, up to a day. A shorter stay under the same name goes into it,
-- unless somebody else had the name in between.
create or replace function note_former_name(
  p_symbol text, p_kind text, p_name text, p_until date, p_actor text, p_origin jsonb, p_import_id bigint default null
) returns void language plpgsql as $$
begin
  insert into former_names (symbol, kind, name, until_day) values (p_symbol, p_kind, p_name, p_until) on conflict do nothing;
  if not found then return; end if;
  delete from former_names f
  where f.symbol = p_symbol and f.kind = p_kind and f.name = p_name and f.until_day < p_until
    and not exists (select from former_names o
                    where o.kind = f.kind and o.name = f.name and o.symbol <> f.symbol
                      and o.until_day between f.until_day and p_until);
  perform record_audit(p_actor, 'instrument.name-noted', p_origin => p_origin, p_details => jsonb_strip_nulls(jsonb_build_object(
    'symbol', p_symbol, 'kind', p_kind, 'name', p_name, 'until', p_until, 'import', p_import_id)));
end $$;

-- An instrument's ISIN from now on; the one before, if any, is noted as its former one.
create or replace function note_isin(
  p_symbol text, p_isin text, p_until date, p_actor text, p_origin jsonb, p_import_id bigint
) returns void language plpgsql as $$
declare
  v_before text;
begin
  select isin into v_before from instruments where symbol = p_symbol and isin is distinct from p_isin for update;
  if not found then return; end if;
  update instruments set isin = p_isin, revision = revision + 1 where symbol = p_symbol;
  delete from former_names where symbol = p_symbol and kind = 'isin' and name = p_isin;
  if v_before is not null then
    insert into former_names (symbol, kind, name, until_day) values (p_symbol, 'isin', v_before, p_until) on conflict do nothing;
  end if;
  perform record_audit(p_actor, 'instrument.isin-noted', p_origin => p_origin, p_details => jsonb_build_object(
    'symbol', p_symbol, 'before', v_before, 'after', p_isin, 'import', p_import_id));
end $$;

-- Renames that are to be made together: [{symbol, newSymbol, until}]. `step_aside`: its symbol becomes another's of them.
create or replace function renames_read(p_renames jsonb)
returns table (place bigint, symbol text, new_symbol text, until_day date, step_aside boolean) language sql immutable as $$
  with given as (
    select r.place, r.one ->> 'symbol' as symbol, r.one ->> 'newSymbol' as new_symbol, (r.one ->> 'until')::date as until_day
    from jsonb_array_elements(p_renames) with ordinality r(one, place)
  )
  select g.place, g.symbol, g.new_symbol, g.until_day,
         exists (select from given o where o.new_symbol = g.symbol)
  from given g
$$;

-- Instruments get new symbols, all at once, so that two can swap theirs. Their prices, splits and moves go with them (foreign
-- keys cascade), and the symbol before is theirs up to `until`. Nobody else may have a new symbol: the caller sees to that.
create or replace function rename_instruments(p_renames jsonb, p_actor text, p_origin jsonb, p_import_id bigint default null)
returns void language plpgsql as $$
declare
  v_one record;
begin
  for v_one in select * from renames_read(p_renames) where step_aside order by place loop
    update instruments set symbol = '&' || v_one.place where symbol = v_one.symbol;
  end loop;
  for v_one in select * from renames_read(p_renames) order by place loop
    update instruments set symbol = v_one.new_symbol, revision = revision + 1
    where symbol = case when v_one.step_aside then '&' || v_one.place else v_one.symbol end;
    insert into former_names (symbol, kind, name, until_day)
    values (v_one.new_symbol, 'symbol', v_one.symbol, v_one.until_day)
    on conflict do nothing;
    perform record_audit(p_actor, 'instrument.renamed', p_origin => p_origin, p_details => jsonb_strip_nulls(jsonb_build_object(
      'before', v_one.symbol, 'after', v_one.new_symbol, 'until', v_one.until_day, 'import', p_import_id)));
  end loop;
  -- Back to a name it had before: that is no former one any more, unless another had it in between.
  delete from former_names f
  where f.kind = 'symbol' and f.name = f.symbol and f.symbol in (select r.new_symbol from renames_read(p_renames) r)
    and not exists (select from former_names o where o.kind = 'symbol' and o.name = f.name and o.symbol <> f.symbol);
end $$;

-- Renames an instrument that was seen at revision `p_seen`; `p_until` is the last day it was known by the name before. The answer
-- is 'done', or the reason for a refusal.
create or replace function rename_instrument(
  p_symbol text, p_seen integer, p_new_symbol text, p_until date, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
begin
  perform 1 from market_state for update;
  perform 1 from instruments where symbol = p_symbol and revision = p_seen for update;
  if not found then return 'changed'; end if;
  if p_until > (now() at time zone 'Asia/Kolkata')::date then return 'future'; end if;
  if exists (select from instruments where symbol = p_new_symbol) then return 'taken'; end if;
  perform rename_instruments(
    jsonb_build_array(jsonb_build_object('symbol', p_symbol, 'newSymbol', p_new_symbol, 'until', p_until)), p_actor, p_origin);
  perform market_changed();
  return 'done';
end $$;

-- Forgets a former name that was noted by mistake. False: the instrument is at another revision, or has no such former name.
create or replace function forget_name(
  p_symbol text, p_seen integer, p_kind text, p_name text, p_until date, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
begin
  perform 1 from market_state for update;
  perform 1 from instruments where symbol = p_symbol and revision = p_seen for update;
  if not found then return false; end if;
  delete from former_names where symbol = p_symbol and kind = p_kind and name = p_name and until_day = p_until;
  if not found then return false; end if;
  update instruments set revision = revision + 1 where symbol = p_symbol;
  perform market_changed();
  perform record_audit(p_actor, 'instrument.name-forgotten', p_origin => p_origin, p_details => jsonb_build_object(
    'symbol', p_symbol, 'kind', p_kind, 'name', p_name, 'until', p_until));
  return true;
end $$;
