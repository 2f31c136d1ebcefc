-- Numbers and writes the receipts that are due, the earliest first and at most p_limit, each with its mail. All of it or nothing:
-- numbers have no gap, whatever dies. Of two calls at once the second waits for the first and goes on from there. Locks in the
-- one order: due receipts by time, series. Answers how many.
create or replace function number_receipts(p_limit integer) returns integer
language plpgsql set enable_seqscan = off as $$   -- the table is empty one moment and full the next: no statistics help
declare
  order_ids text[];
begin
  perform assert_numbering();
  select array_agg(order_id) into order_ids
  from (select order_id from receipts_due order by issued_at, order_id limit p_limit for update) due;
  return case when order_ids is null then 0 else write_numbered_receipts(order_ids) end;
end $$;

-- The number of the receipt of one order, given now where it is awaited: for what refers to it. The caller holds the order's
-- lock. Null: no receipt is due, and there is none.
create or replace function number_receipt(p_order_id text) returns text language plpgsql as $$
begin
  perform assert_numbering();
  perform 1 from receipts_due where order_id = p_order_id for update;   -- somebody may be numbering it
  if found then perform write_numbered_receipts(array[p_order_id]); end if;
  return valid_receipt_number(p_order_id);
end $$;

-- Moves due receipts, which the caller has locked, to the end of the series of their financial years. Answers how many.
create or replace function write_numbered_receipts(p_order_ids text[]) returns integer language plpgsql as $$
declare
  many   integer;
  mailed integer;
begin
  with due as materialized (
    delete from receipts_due where order_id = any (p_order_ids)
    returning *, financial_year_of(issued_at) as financial_year
  ), series as (
    insert into receipt_series as s (financial_year, last_serial)
    select financial_year, count(*) from due group by financial_year order by financial_year   -- locked in one order
    on conflict (financial_year) do update set last_serial = s.last_serial + excluded.last_serial
    returning financial_year, last_serial
  ), numbered as (
    select due.*, series.last_serial + 1 - row_number() over (partition by financial_year order by issued_at desc, order_id desc) as serial
    from due join series using (financial_year)
  ), written as (
    insert into receipts (number, order_id, user_id, cf_payment_id, financial_year, serial, issued_at, amount_paise, taxable_paise,
                          cgst_paise, sgst_paise, igst_paise, round_off_paise, seller, buyer, plan_title, sold_from, sold_until,
                          discount_paise, credit_paise, replaces)
    select 'R' || financial_year || '-' || lpad(serial::text, greatest(6, length(serial::text)), '0'), order_id, user_id,
           cf_payment_id, financial_year, serial, issued_at, amount_paise, taxable_paise, cgst_paise, sgst_paise, igst_paise,
           round_off_paise, seller, buyer, plan_title, sold_from, sold_until, discount_paise, credit_paise, replaces
    from numbered order by serial
    returning number, user_id, buyer
  )
  -- To the address of today, or to the last one of an account that was deleted this very moment.
  select count(*), count(enqueue_mail('receipt', w.number, w.user_id,
           case when u.deleted_at is null then u.name else w.buyer ->> 'name' end,
           case when u.deleted_at is null then u.email else w.buyer ->> 'email' end))
  into many, mailed
  from written w join users u on u.id = w.user_id;
  return many;
end $$;
