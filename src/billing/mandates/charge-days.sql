-- When a charge can be raised and for which day, by the Indian calendar and Cashfree's cut-off: nothing for the same day, for the next
-- until 20:59, for the one after it at any hour, at most two weeks ahead.

create or replace function day_in_india(p_at timestamptz) returns date language sql immutable as $$
  select (p_at at time zone 'Asia/Kolkata')::date
$$;

-- The instant at which a day begins in India.
create or replace function start_of_day_in_india(p_day date) returns timestamptz language sql immutable as $$
  select p_day::timestamp at time zone 'Asia/Kolkata'
$$;

-- The first day for which a charge can be raised now.
create or replace function earliest_charge_day(p_now timestamptz) returns date language sql immutable as $$
  select day_in_india(p_now + interval '3 hours') + 1
$$;

-- The day on which the period after p_end is debited, where its charge is raised now: the day of the end itself, three days before
-- it at the earliest. Null: too early, or too late.
create or replace function charge_day(p_end timestamptz, p_now timestamptz) returns date language sql immutable as $$
  select day_in_india(p_end)
  where day_in_india(p_end) - 3 <= day_in_india(p_now) and day_in_india(p_end) >= earliest_charge_day(p_now)
$$;

-- Charges are raised between 09:00 and 20:30 in India: what is opened then can be asked for again, should Cashfree be away, before 21:00.
create or replace function charges_may_be_raised(p_now timestamptz) returns boolean language sql immutable as $$
  select (p_now at time zone 'Asia/Kolkata')::time between '09:00' and '20:30'
$$;

-- What a charge failed by: 'retry' (it may go through another day), 'new-mandate', 'customer' (they must act). Null: cannot be told.
create or replace function failure_class(p_reason text) returns text language sql immutable as $$
  select case
    when p_reason ~* 'closed|cancel|revoked|invalid|inactive mandate|name mismatch|not active' then 'new-mandate'
    when p_reason ~* 'frozen|blocked|kyc|court|dormant|attachment' then 'customer'
    when lacks_balance(p_reason) or p_reason ~* 'network|inoperative|timed? ?out|unavailable|technical' then 'retry'
  end
$$;

-- Whether a charge failed because there was not enough money in the account.
create or replace function lacks_balance(p_reason text) returns boolean language sql immutable as $$
  select p_reason ~* 'insufficient|low balance|not enough'
$$;

-- Cashfree's words for a mandate that is over.
create or replace function is_over(p_mandate_status text) returns boolean language sql immutable as $$
  select p_mandate_status in ('CANCELLED', 'CUSTOMER_CANCELLED', 'COMPLETED', 'EXPIRED', 'LINK_EXPIRED', 'CARD_EXPIRED')
$$;

-- Cashfree's words for a debit of which no more is expected at the moment.
create or replace function is_decided(p_charge_status text) returns boolean language sql immutable as $$
  select p_charge_status in ('SUCCESS', 'FAILED', 'CANCELLED')
$$;

-- Why a charge that is not decided is not wanted any more: 'ended' (its mandate is, or was asked to), 'barred' (purchase_refusal),
-- 'leaving', 'moved' (the period that it goes on from ends another day: somebody paid by hand, days were granted), 'closed' (its order
-- is), 'overdue' (the day and the next are over). Null: it is wanted.
create or replace function charge_is_unwanted(c mandate_charges, m mandates) returns text language sql stable as $$
  select case
    when c.withdrawn_why is not null then c.withdrawn_why
    when m.ended_at is not null or m.cancel_asked_at is not null then 'ended'
    when purchase_refusal(m.user_id) is not null then 'barred'
    when s.cancel_requested_at is not null then 'leaving'
    when s.current_period_end is distinct from c.period_start then 'moved'
    when o.status not in ('created', 'active') then 'closed'
    when c.scheduled_on < day_in_india(now()) - 1 then 'overdue'
  end
  from orders o left join subscriptions s on s.user_id = m.user_id
  where o.id = c.payment_id
$$;
