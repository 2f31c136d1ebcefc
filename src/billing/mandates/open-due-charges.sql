-- Opens the charges that are due: for mandates that Cashfree calls active, of people whose period ends within the days of charge_day, and
-- once more where a first one failed by what may pass. Each with the order that it pays, before Cashfree hears of it; at most p_limit. A
-- mandate that somebody else holds at the moment is left to them. `state` is 'opened', or why not: 'above-ceiling' (a new mandate is
-- needed), 'no-plan' (what they had is not on sale), 'under-way' (money is), 'busy' (they have an order open), 'error: …', or a refusal
-- of open_order_as_wished. Run again it answers again what was not opened.
create or replace function open_due_charges(p_limit integer, p_actor text)
returns table (mandate_id uuid, user_id uuid, state text, payment_id text, paise integer, scheduled_on date, period_start timestamptz)
language plpgsql as $$
declare
  candidate record;
  opened    integer := 0;
begin
  for candidate in
    select m.id
    from mandates m join subscriptions s on s.user_id = m.user_id
    where m.ended_at is null and m.cancel_asked_at is null and m.status = 'ACTIVE'
      and s.current_period_end >= now() - grace_period() and s.current_period_end < start_of_day_in_india(day_in_india(now()) + 4)
      and s.status in ('active', 'grace') and s.cancel_requested_at is null
      and next_attempt(m, s.current_period_end) is not null and next_charge_day(m, s.current_period_end) is not null
    order by s.current_period_end, m.id
  loop
    exit when opened >= p_limit;
    begin   -- what is wrong with one keeps nobody else waiting
      select due.* into mandate_id, user_id, state, payment_id, paise, scheduled_on, period_start
      from open_charge(candidate.id, p_actor) due;
    exception when others then
      mandate_id := candidate.id;
      state := 'error: ' || sqlerrm;
      user_id := null;
      payment_id := null;   -- of the one before
    end;
    continue when state is null;
    if state = 'opened' then opened := opened + 1; end if;
    return next;
  end loop;
end $$;

-- The charge of one mandate. No row's state where none is due after all, or somebody holds the mandate.
create or replace function open_charge(
  p_mandate_id uuid, p_actor text, out mandate_id uuid, out user_id uuid, out state text, out payment_id text, out paise integer,
  out scheduled_on date, out period_start timestamptz
) language plpgsql as $$
declare
  m       mandates;
  s       subscriptions;
  plan    plans;
  other   orders;
  attempt integer;
  wanted  record;
begin
  select * into m from mandates where id = p_mandate_id and status = 'ACTIVE' and ended_at is null and cancel_asked_at is null
  for update skip locked;
  if not found then return; end if;
  perform 1 from users u where u.id = m.user_id for no key update;   -- as opening any order does; what follows is read after it
  if purchase_refusal(m.user_id) is not null then return; end if;
  select * into s from subscriptions running where running.user_id = m.user_id;
  if s.status not in ('active', 'grace') or s.cancel_requested_at is not null then return; end if;
  attempt := next_attempt(m, s.current_period_end);
  scheduled_on := next_charge_day(m, s.current_period_end);
  if attempt is null or scheduled_on is null then return; end if;
  mandate_id := m.id;
  user_id := m.user_id;
  period_start := s.current_period_end;
  payment_id := concat(charge_ids_from(m, period_start), '_' || nullif(attempt, 1));
  if exists (select from money_under_way(m.user_id)) then state := 'under-way'; return; end if;
  plan := plan_for(m.user_id, plan_to_charge(s));
  if plan.key is null then state := 'no-plan'; return; end if;
  paise := plan.price_paise;
  if paise > m.max_paise then state := 'above-ceiling'; return; end if;
  -- An order of an hour ago that nobody was led to the payment of makes room.
  select o.* into other from orders o join plans version on version.key = o.plan_key
  where o.user_id = m.user_id and o.status in ('created', 'active') and o.purpose = 'period' and version.name = plan.name
  order by o.created_at desc limit 1;
  if found and (other.created_at > now() - interval '1 hour' or not close_unsent_order(other.id, p_actor)) then
    state := 'busy';
    return;
  end if;
  wanted := open_order_as_wished(m.user_id, plan.name, payment_id,
    ceil(extract(epoch from start_of_day_in_india(scheduled_on + 1) - now()) / 60)::integer, '{}');
  if wanted.refusal is not null or wanted.order_id <> payment_id then state := coalesce(wanted.refusal, 'busy'); return; end if;
  perform give_to_mandate(payment_id, m.id);
  insert into mandate_charges (payment_id, mandate_id, period_start, attempt, paise, scheduled_on)
  select o.id, m.id, open_charge.period_start, attempt, o.amount_paise, open_charge.scheduled_on from orders o
  where o.id = open_charge.payment_id;
  perform record_audit(p_actor, 'mandate.charge-opened', payment_id, m.user_id, jsonb_build_object('mandate', m.subscription_id,
    'amountPaise', paise, 'scheduledOn', scheduled_on, 'attempt', attempt));
  state := 'opened';
end $$;

-- How the ids of charges begin that go on from this end: of the mandate and the Indian day.
create or replace function charge_ids_from(m mandates, p_end timestamptz) returns text language sql immutable as $$
  select 'c_' || replace(m.id::text, '-', '') || to_char(day_in_india(p_end), '"_"YYYYMMDD')
$$;

-- The number of the next charge for the period from p_end on, and null where there is none to be: one is open, paid, or was declined or
-- called off by the person; Cashfree refused it; or two failed. Those that we withdrew do not count as failures. An end that moved within
-- its day is the same period.
create or replace function next_attempt(m mandates, p_end timestamptz) returns integer language sql stable as $$
  select coalesce(max(c.attempt), 0) + 1
  from mandate_charges c
  cross join lateral (select day_in_india(c.period_start) = day_in_india(p_end) as is_same) period
  where c.mandate_id = m.id and (is_same or starts_with(c.payment_id, charge_ids_from(m, p_end)))
  having coalesce(max(c.attempt), 0) < 9
     and count(*) filter (where is_same and c.status = 'FAILED') < 2
     and bool_and(not is_same or (c.final_at is not null and c.status <> 'SUCCESS'
                  and coalesce(c.withdrawn_why, '') not in ('customer', 'refused')
                  and case when c.status = 'FAILED' then failure_class(c.failure_reason) is not distinct from 'retry'
                           else c.withdrawn_why is not null end)) is not false
$$;

-- Its day: that of the end; after a failure the first that is left, while access goes on. Null: not now.
create or replace function next_charge_day(m mandates, p_end timestamptz) returns date language sql stable as $$
  select case when exists (select from mandate_charges c where c.mandate_id = m.id and c.status = 'FAILED'
                                                           and day_in_india(c.period_start) = day_in_india(p_end))
              then (select earliest_charge_day(now()) where earliest_charge_day(now()) <= day_in_india(p_end + grace_period()))
              else charge_day(p_end, now()) end
$$;

-- The day on which the period from p_end on is debited whose charge is not opened yet, also once more after a failure. Null: it is not.
create or replace function next_debit_day(m mandates, p_end timestamptz) returns date language sql stable as $$
  select case when day_in_india(now()) < day_in_india(p_end) - 3 then day_in_india(p_end) else next_charge_day(m, p_end) end
  where next_attempt(m, p_end) is not null
$$;

-- The name of the plan that a charge is for: the one chosen for after this period, else the one bought last. Null: neither is on sale, and
-- nobody agreed to another.
create or replace function plan_to_charge(s subscriptions) returns text language sql stable as $$
  select offered from plan_to_offer(s) offered
  where offered = s.next_plan
     or offered = (select plan.name from subscription_periods period join plans plan on plan.key = period.plan_key
                   where period.user_id = s.user_id and period.voided_at is null order by period.ends_at desc limit 1)
$$;

-- The mandate of a charge, locked: before the charge is read, as everything that writes one does. All null: there is no such charge.
create or replace function lock_mandate_of(p_payment_id text) returns mandates language plpgsql as $$
declare
  m mandates;
begin
  select standing.* into m from mandates standing
  where standing.id = (select mandate_id from mandate_charges where payment_id = p_payment_id) for update;
  return m;
end $$;

-- Notes that Cashfree is asked for a charge now, and answers what to ask. `refusal`: 'over', 'raised' (already), 'late' (of a charge that
-- may have been asked for before: Cashfree is asked about the mandate first), or 'withdrawn' (it was not wanted any more, or its day cannot
-- be met).
create or replace function begin_charge(
  p_payment_id text, p_actor text, out refusal text, out subscription_id text, out charge mandate_charges
) language plpgsql as $$
declare
  m   mandates;
  why text;
begin
  m := lock_mandate_of(p_payment_id);
  select * into charge from mandate_charges c where c.payment_id = p_payment_id;
  subscription_id := m.subscription_id;
  if charge.payment_id is null or charge.final_at is not null then refusal := 'over'; return; end if;
  if charge.raised_at is not null then refusal := 'raised'; return; end if;
  why := coalesce(charge_is_unwanted(charge, m), case when charge.scheduled_on < earliest_charge_day(now()) then 'late' end,
                  case when m.status <> 'ACTIVE' then 'paused' end);
  if why is not null then
    refusal := case when charge.asked_at is null then 'withdrawn' else 'late' end;
    if refusal = 'withdrawn' then perform withdraw_charge(charge, m, why, p_actor); end if;
    return;
  end if;
  update mandate_charges c set asked_at = coalesce(c.asked_at, now()), next_look_at = now() + interval '10 minutes'
  where c.payment_id = p_payment_id returning * into charge;
end $$;

-- Cashfree refused to take a charge, and has none of this id: it is over.
create or replace function note_charge_refused(p_payment_id text, p_code text, p_actor text) returns void language plpgsql as $$
declare
  m mandates;
  c mandate_charges;
begin
  m := lock_mandate_of(p_payment_id);
  select * into c from mandate_charges where payment_id = p_payment_id;
  if c.payment_id is null or c.final_at is not null or c.raised_at is not null then return; end if;
  perform withdraw_charge(c, m, 'refused', p_actor);
  update mandate_charges set failure_reason = p_code where payment_id = p_payment_id;
end $$;
