-- From now on everything is measured against another instrument; the one before stays as something to compare.
-- `p_seen`: the benchmark that whoever asks believes to change.
create or replace function change_benchmark(p_symbol text, p_seen text, p_actor text) returns text language plpgsql as $$
declare
  v_before text;
begin
  perform 1 from market_state for update;
  if not exists (select from instruments where symbol = p_symbol) then return 'unknown'; end if;
  select symbol into v_before from instruments where kind = 'benchmark';
  if v_before = p_symbol then return 'done'; end if;
  if v_before is distinct from p_seen then return 'changed'; end if;
  if exists (select from imports where status = 'committed') and not exists (select from counted_prices(p_symbol)) then
    return 'no-prices';
  end if;
  update instruments set kind = 'other', revision = revision + 1 where symbol = v_before;
  update instruments set kind = 'benchmark', shown = true, revision = revision + 1 where symbol = p_symbol;
  update market_state set version = version + 1, changed_at = now();
  insert into audit (actor, action, details)
  values (p_actor, 'benchmark.changed', jsonb_build_object('before', v_before, 'after', p_symbol));
  return 'done';
end $$;
