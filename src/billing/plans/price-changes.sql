-- Prices that come into force at a moment announced before. Who reads a price first after that moment puts it on sale, so that
-- no reader sees the old one any more.

-- Announced, its moment come, and the version that it replaces still on sale: to be put on sale by the next reader.
create or replace function is_due(c price_changes) returns boolean language sql stable as $$
  select c.applied_at is null and c.withdrawn_at is null and c.effective_at <= now()
     and exists (select from plans where key = c.replaces and on_sale)
$$;

-- Puts on sale every announced price whose moment has come. Answers how many. Of two callers at once the second waits, and finds
-- it done.
create or replace function apply_price_changes() returns integer language plpgsql as $$
declare
  c       price_changes;
  written plans;
  applied integer := 0;
begin
  for c in select * from price_changes due where is_due(due) order by id for update loop
    written := reprice_plan(c.replaces, c.price_paise, c.created_by, null);
    continue when written.key is null;
    update price_changes set applied_at = now(), plan_key = written.key where id = c.id;
    applied := applied + 1;
  end loop;
  return applied;
end $$;

-- Plans a new price for the version on sale: at p_effective_at, null at once. Present subscribers pay it from
-- p_subscribers_from on; null: they keep theirs. Answers 'planned', or why not: 'not-on-sale', 'same-price', 'planned-already',
-- 'too-soon' (the moment has passed, or subscribers would have less than seven days).
create or replace function plan_price_change(
  p_replaces text, p_price_paise integer, p_effective_at timestamptz, p_subscribers_from timestamptz, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  old    plans;
  moment timestamptz := coalesce(p_effective_at, now());
  c      price_changes;
begin
  perform apply_price_changes();
  select * into old from plans where key = p_replaces for update;   -- of two at once, the second finds the first
  select * into c from price_changes where replaces = p_replaces and withdrawn_at is null order by id desc limit 1;
  if c.price_paise = p_price_paise and c.subscribers_from is not distinct from p_subscribers_from
     and (case when c.applied_at is null then c.effective_at = p_effective_at
               else p_effective_at is null and not old.on_sale end) then return 'planned'; end if;   -- the same, asked again
  if old.on_sale is not true then return 'not-on-sale'; end if;
  if old.price_paise = p_price_paise then return 'same-price'; end if;
  if c.id is not null and c.applied_at is null then return 'planned-already'; end if;
  if moment < now() or p_subscribers_from < greatest(moment, now() + notice_of_a_price()) then return 'too-soon'; end if;
  insert into price_changes (replaces, price_paise, effective_at, subscribers_from, created_by)
  values (p_replaces, p_price_paise, moment, p_subscribers_from, p_actor) returning * into c;
  perform record_audit(p_actor, 'plan.price-planned', p_origin => p_origin, p_details => jsonb_build_object('change', c.id,
    'plan', old.name, 'before', jsonb_build_object('key', old.key, 'pricePaise', old.price_paise),
    'after', jsonb_build_object('pricePaise', p_price_paise, 'from', moment, 'subscribersFrom', p_subscribers_from)));
  perform set_config('etf.origin', coalesce(p_origin::text, ''), true);   -- for the audit row of one that applies at once
  perform apply_price_changes();
  return 'planned';
end $$;

-- Takes back an announced price before its moment. False: it has come, or it was taken back already.
create or replace function withdraw_price_change(p_id bigint, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  c price_changes;
begin
  perform apply_price_changes();
  update price_changes set withdrawn_at = now() where id = p_id and applied_at is null and withdrawn_at is null returning * into c;
  if not found then return false; end if;
  perform record_audit(p_actor, 'plan.price-withdrawn', p_origin => p_origin, p_details => jsonb_build_object('change', c.id,
    'plan', c.replaces, 'pricePaise', c.price_paise));
  return true;
end $$;

-- How long before present subscribers pay a new price their mail is sent, at least.
create or replace function notice_of_a_price() returns interval language sql immutable as $$
  select interval '7 days'
$$;

-- Everybody whom an announced price concerns was written to.
create or replace function note_announced(c price_changes) returns void language sql as $$
  update price_changes set announced_at = now() where id = c.id and announced_at is null
$$;
