-- Enters a split by hand. False: one is entered for that day already, or there is no such instrument.
create or replace function add_split(p_symbol text, p_day date, p_ratio double precision, p_actor text, p_origin jsonb)
returns boolean language plpgsql as $$
begin
  perform 1 from market_state for update;
  insert into splits (symbol, day, ratio, confirmed_by)
  select i.symbol, p_day, p_ratio, p_actor from instruments i
  where i.symbol = p_symbol
    and not exists (select from counted_splits() s where s.symbol = p_symbol and s.day = p_day)
  on conflict do nothing;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'split.added', p_origin => p_origin,
                       p_details => jsonb_build_object('symbol', p_symbol, 'day', p_day, 'ratio', p_ratio));
  return true;
end $$;

-- Removes a split; prices before its day count as they were traded. False: it is gone already.
create or replace function remove_split(p_id bigint, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  v_split splits;
begin
  perform 1 from market_state for update;
  delete from splits where id = p_id returning * into v_split;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'split.removed', p_origin => p_origin, p_details => jsonb_build_object(
    'symbol', v_split.symbol, 'day', v_split.day, 'ratio', v_split.ratio, 'import', v_split.import_id));
  return true;
end $$;

-- Takes back that a jump was the market's own move: the next import with prices of its instrument from the month after it, or from
-- before, asks about it again. Null: that is done already.
create or replace function remove_own_move(p_id bigint, p_actor text, p_origin jsonb) returns text language plpgsql as $$
declare
  v_move real_jumps;
begin
  perform 1 from market_state for update;
  delete from real_jumps where id = p_id returning * into v_move;
  if not found then return null; end if;
  perform market_changed();
  perform record_audit(p_actor, 'jump.removed', p_origin => p_origin, p_details => jsonb_build_object(
    'symbol', v_move.symbol, 'day', v_move.day, 'import', v_move.import_id));
  return v_move.symbol;
end $$;
