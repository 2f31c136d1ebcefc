-- Makes an instrument that was seen at revision `p_seen` another fund of a sector, which is listed on the sector's page and not ranked;
-- `p_sector` null: it is ranked by itself again. The answer is 'done', or why not: 'unknown', 'changed' at another revision, 'benchmark',
-- 'no-sector' where that is none or an alternative itself, 'has-own' for one that has alternatives, 'choice' for one that readers may
-- measure against.
create or replace function link_alternative(p_symbol text, p_seen integer, p_sector text, p_actor text, p_origin jsonb)
returns text language plpgsql as $$
declare
  v_before instruments;
begin
  perform 1 from market_state for update;
  select * into v_before from instruments where symbol = p_symbol for update;
  if not found then return 'unknown'; end if;
  if v_before.alternative_of is not distinct from p_sector then return 'done'; end if;
  if v_before.revision is distinct from p_seen then return 'changed'; end if;
  if v_before.kind = 'benchmark' then return 'benchmark'; end if;
  if p_sector is not null and not exists (
       select from instruments i
       where i.symbol = p_sector and i.symbol <> p_symbol and i.kind <> 'benchmark' and i.alternative_of is null) then
    return 'no-sector';
  end if;
  if p_sector is not null and exists (select from instruments i where i.alternative_of = p_symbol) then return 'has-own'; end if;
  if p_sector is not null and v_before.is_benchmark_choice then return 'choice'; end if;
  update instruments set alternative_of = p_sector, revision = revision + 1 where symbol = p_symbol;
  perform market_changed();
  perform record_audit(p_actor, 'instrument.linked', p_origin => p_origin, p_details => jsonb_build_object(
    'symbol', p_symbol, 'before', v_before.alternative_of, 'after', p_sector));
  return 'done';
end $$;
