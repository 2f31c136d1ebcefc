-- Versions of a plan: orders keep the version they were opened with, and at most one version of a name is on sale.

-- Puts a new price on sale as the next version, in the place of the one on sale. Null: that one is not on sale (any more).
create or replace function reprice_plan(p_replaces text, p_price_paise integer, p_actor text, p_origin jsonb) returns plans
language plpgsql as $$
declare
  old     plans;
  written plans;
  version integer;
begin
  update plans set on_sale = false, withdrawn_at = now() where key = p_replaces and on_sale returning * into old;
  if not found then return null; end if;
  version := 1 + (select coalesce(max(substring(key from '_v([0-9]+)$')::int), 1) from plans where name = old.name);
  insert into plans (key, name, title, price_paise, months, replaces)
  values (old.name || '_v' || version, old.name, old.title, p_price_paise, old.months, old.key)
  returning * into written;
  perform record_audit(p_actor, 'plan.repriced', p_origin => p_origin, p_details => jsonb_build_object('plan', written.name,
    'before', jsonb_build_object('key', old.key, 'pricePaise', old.price_paise),
    'after', jsonb_build_object('key', written.key, 'pricePaise', written.price_paise)));
  return written;
end $$;

-- Takes a version off sale unless it is the last one that is. False: it is, or it was not on sale.
create or replace function withdraw_plan(p_key text, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  withdrawn plans;
begin
  perform 1 from plans where on_sale order by key for update;   -- of two withdrawals at once the second sees the first
  update plans set on_sale = false, withdrawn_at = now()
  where key = p_key and on_sale and exists (select from plans other where other.on_sale and other.key <> p_key)
  returning * into withdrawn;
  if not found then return false; end if;
  perform record_audit(p_actor, 'plan.withdrawn', p_origin => p_origin, p_details => jsonb_build_object('plan', p_key,
    'pricePaise', withdrawn.price_paise, 'before', jsonb_build_object('onSale', true), 'after', jsonb_build_object('onSale', false)));
  return true;
end $$;
