-- The name of the plan that somebody is offered to go on with: the one they chose, else the one bought last, else the shortest on
-- sale. Null: nothing is on sale.
create or replace function plan_to_offer(s subscriptions) returns text language sql stable as $$
  select p.name from plans p
  where p.on_sale
  order by p.name = s.next_plan desc nulls last,
           p.name = (select plan.name from subscription_periods period join plans plan on plan.key = period.plan_key
                     where period.user_id = s.user_id and period.voided_at is null order by period.ends_at desc limit 1) desc nulls last,
           p.months, p.price_paise
  limit 1
$$;
