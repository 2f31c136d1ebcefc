-- Mandates, and the orders that their debits pay.

-- I25. An order that a mandate pays is that mandate's first, or has a charge of its id and amount, of its person; and the other way round.
create or replace function broken_i25_mandate_orders() returns setof text language sql stable as $$
  select o.id from orders o
  left join mandates m on m.id = o.mandate_id
  left join mandate_charges c on c.payment_id = o.id and c.mandate_id = m.id
  where o.mandate_id is not null
    and (m.user_id is distinct from o.user_id or o.purpose <> 'period'
         or (m.first_order_id is not distinct from o.id) = (c.payment_id is not null)
         or coalesce(c.paise, m.authorisation_paise) <> o.amount_paise)
  union all
  select m.subscription_id from mandates m left join orders o on o.id = m.first_order_id
  where m.first_order_id is not null and o.mandate_id is distinct from m.id
  union all
  select c.payment_id from mandate_charges c left join orders o on o.id = c.payment_id where o.mandate_id is distinct from c.mandate_id
$$;

-- I26. A person has one mandate. Cashfree was asked for no charge after its end was asked for; none is above the ceiling; one that is not
-- over has its next look, and so has its mandate.
create or replace function broken_i26_debits() returns setof text language sql stable as $$
  select min(m.subscription_id) from mandates m where m.ended_at is null and m.cancel_asked_at is null group by m.user_id having count(*) > 1
  union all
  select m.subscription_id from mandates m where m.ended_at is null and m.next_look_at is null
  union all
  select c.payment_id from mandate_charges c join mandates m on m.id = c.mandate_id
  where c.paise > m.max_paise or c.asked_at > least(m.cancel_asked_at, m.ended_at)
     or (c.raised_at is not null and c.final_at is null and c.next_look_at is null)
$$;
