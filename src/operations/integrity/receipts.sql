-- Receipts, credit notes and the mails that carry them.

-- I6. One receipt for every paid order, numbered or due, over its price, to its buyer, for the applied payment.
create or replace function broken_i6_receipts() returns setof text language sql stable as $$
  select coalesce(o.id, r.order_id) from orders o
  full join (
    select order_id, amount_paise, user_id, cf_payment_id from receipts
    union all
    select order_id, amount_paise, user_id, cf_payment_id from receipts_due
  ) r on r.order_id = o.id
  left join payments p on p.order_id = o.id and p.applied_at is not null
  where (o.paid_at is not null) <> (r.order_id is not null)
     or r.amount_paise <> o.amount_paise
     or r.user_id <> o.user_id
     or r.cf_payment_id <> p.cf_payment_id
$$;

-- I6. No receipt waits longer than a minute for its number, which takes two seconds at most while anything runs.
create or replace function broken_i6_due() returns setof text language sql stable as $$
  select order_id from receipts_due where issued_at < now() - interval '1 minute'
$$;

-- I6. Numbers run from 1 without a gap in every financial year, those aside that a failover lost, and match year and serial.
create or replace function broken_i6_numbering() returns setof text language sql stable as $$
  with notes as (
    select 'R' as letter, number, financial_year, serial, issued_at from receipts
    union all
    select 'C', number, financial_year, serial, issued_at from credit_notes
  ), series as (
    select 'R' as letter, financial_year, last_serial from receipt_series
    union all
    select 'C', financial_year, last_serial from credit_note_series
  ), lost as (
    select letter, financial_year, sum(last_serial - first_serial + 1) as many from lost_numbers group by letter, financial_year
  )
  select letter || coalesce(n.financial_year, s.financial_year)
  from (select letter, financial_year, count(*) as many, max(serial) as last from notes group by letter, financial_year) n
  full join series s using (letter, financial_year)
  left join lost l using (letter, financial_year)
  where (coalesce(n.last, 0) <= s.last_serial and coalesce(n.many, 0) + coalesce(l.many, 0) = s.last_serial) is not true
  union all
  select number from notes
  where number <> letter || financial_year || '-' || lpad(serial::text, greatest(6, length(serial::text)), '0')
     or financial_year <> financial_year_of(issued_at)
$$;

-- I6. One receipt mail for every receipt, and one refund mail for every refund that reached the customer, besides copies
-- that an administrator sent.
create or replace function broken_i6_mails() returns setof text language sql stable as $$
  select r.number from receipts r
  where not exists (select from mails m where m.kind = 'receipt' and m.subject_key = r.number and m.copy = 0
                                                 and m.user_id = r.user_id)
  union all
  select r.id from refunds r
  where r.status = 'succeeded' and not exists (select from mails m where m.kind = 'refund' and m.subject_key = r.id and m.copy = 0)
  union all
  select m.subject_key from mails m
  where m.kind = 'receipt' and not exists (select from receipts r where r.number = m.subject_key)
$$;

-- I6. What was refunded of an applied payment has its credit note on the receipt that counts, and the credit notes of a receipt
-- never exceed it. One that another replaces was taken back whole, by one credit note, and its successor is over the same money.
create or replace function broken_i6_credit_notes() returns setof text language sql stable as $$
  select c.receipt_number from credit_notes c join receipts r on r.number = c.receipt_number
  group by c.receipt_number, r.amount_paise having sum(c.amount_paise) > r.amount_paise
  union all
  select refunded.order_id from (
    select r.order_id, sum(r.amount_paise) as paise from refunds r
    join payments p on p.cf_payment_id = r.cf_payment_id and p.applied_at is not null
    where r.status = 'succeeded' group by r.order_id
  ) refunded
  join receipts on receipts.number = valid_receipt_number(refunded.order_id)
  where least(refunded.paise, receipts.amount_paise) <> coalesce(
    (select sum(c.amount_paise) from credit_notes c where c.receipt_number = receipts.number), 0)
  union all
  select old.number from receipts later
  join receipts old on old.number = later.replaces
  left join credit_notes c on c.receipt_number = old.number
  group by old.number, old.amount_paise, later.order_id, old.order_id, later.amount_paise
  having (count(*) = 1 and bool_and(c.kind = 'correction') and sum(c.amount_paise) = old.amount_paise
          and later.order_id = old.order_id and later.amount_paise = old.amount_paise) is not true
  union all
  select c.number from credit_notes c
  where c.kind = 'correction' and not exists (select from receipts later where later.replaces = c.receipt_number)
$$;

-- I6. No part of a credit note is negative, and CGST equals SGST. The credit notes of a receipt together are its amounts in
-- proportion to the money refunded, so exactly its amounts when all is refunded. Credit notes of the older rule, which
-- rounded each by itself, stay as they were issued.
create or replace function broken_i6_credit_note_parts() returns setof text language sql stable as $$
  select number from credit_notes
  where least(taxable_paise, cgst_paise, sgst_paise, igst_paise) < 0 or cgst_paise <> sgst_paise
  union all
  select receipts.number from (
    select receipt_number, sum(amount_paise)::integer as back, sum(taxable_paise) as taxable, sum(cgst_paise) as cgst,
           sum(sgst_paise) as sgst, sum(igst_paise) as igst
    from credit_notes group by receipt_number having min(split_rule) = 2
  ) notes
  join receipts on receipts.number = notes.receipt_number
  where (notes.taxable, notes.cgst, notes.sgst, notes.igst) is distinct from
        (share_of_head(taxable_paise, back, amount_paise), share_of_head(cgst_paise, back, amount_paise),
         share_of_head(sgst_paise, back, amount_paise), share_of_head(igst_paise, back, amount_paise))
$$;

-- I6. A receipt says what its order took off the price and, but for a gift's, which period was sold.
create or replace function broken_i6_as_sold() returns setof text language sql stable as $$
  select r.number from receipts r
  join orders o on o.id = r.order_id
  where (r.discount_paise, r.credit_paise) is distinct from (o.discount_paise, o.credit_paise)
     or (r.sold_from is null) is distinct from (o.purpose = 'gift')
     or r.sold_from >= r.sold_until
$$;

-- I6. The parts of a receipt add up to its total. Without a GSTIN there is no tax; with one it is CGST and SGST (or UTGST) of 9%
-- each where the place of supply is the seller's state, else IGST of 18%. The place is the state of the buyer's GSTIN, or
-- where the buyer lives.
create or replace function broken_i6_tax() returns setof text language sql stable as $$
  select r.number
  from receipts r
  cross join lateral (select
    coalesce(r.seller ->> 'gstin', '') <> '' as registered,
    coalesce(left(r.buyer ->> 'gstin', 2), r.buyer ->> 'stateCode') is not distinct from r.seller ->> 'stateCode' as within) supply
  where r.amount_paise <> r.taxable_paise + r.cgst_paise + r.sgst_paise + r.igst_paise + r.round_off_paise
     or (not registered and r.taxable_paise <> r.amount_paise)
     or (r.cgst_paise, r.sgst_paise, r.igst_paise) is distinct from
        (case when registered and within then round(r.taxable_paise * 0.09) else 0 end,
         case when registered and within then round(r.taxable_paise * 0.09) else 0 end,
         case when registered and not within then round(r.taxable_paise * 0.18) else 0 end)
$$;

-- I6. A credit note is between those whom its receipt names, and its parts add up to its total.
create or replace function broken_i6_credit_note_parties() returns setof text language sql stable as $$
  select n.number
  from credit_notes n
  join receipts r on r.number = n.receipt_number
  where (n.seller, n.buyer, n.user_id) is distinct from (r.seller, r.buyer, r.user_id)
     or n.amount_paise <> n.taxable_paise + n.cgst_paise + n.sgst_paise + n.igst_paise + n.round_off_paise
$$;
