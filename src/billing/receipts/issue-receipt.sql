-- Indian financial year of an instant, as two pairs of digits: March 2027 is '2627', April 2027 is '2728'.
create or replace function financial_year_of(p_at timestamptz) returns text language sql immutable as $$
  select to_char(april, 'YY') || to_char(april + interval '1 year', 'YY')
  from (select (p_at at time zone 'Asia/Kolkata') - interval '3 months' as april) fiscal
$$;

-- The receipt of an order that counts: the one that no other replaces.
create or replace function valid_receipt_number(p_order_id text) returns text language sql stable as $$
  select r.number from receipts r
  where r.order_id = p_order_id and not exists (select from receipts later where later.replaces = r.number)
$$;

-- Whom papers of an order are made out to: the person, and the company of the order, or the one that the account names; of a
-- gift only that of the order, whose form asks for it.
create or replace function buyer_of(o orders) returns jsonb language sql stable as $$
  select jsonb_build_object('name', u.name, 'email', u.email, 'stateCode', u.state_code)
         || jsonb_strip_nulls(coalesce(o.company,
              jsonb_build_object('legalName', d.legal_name, 'address', d.address, 'gstin', d.gstin)))
  from users u left join billing_details d on d.user_id = u.id and o.purpose <> 'gift'
  where u.id = o.user_id
$$;

-- The buyer with a state. One who never gave theirs has no address on record, so the place of supply is where the supplier is
-- (IGST Act 2017, s.12(2)(b)(ii)); `placeAssumed` says so.
create or replace function placed_buyer(p_buyer jsonb, p_seller jsonb) returns jsonb language sql immutable as $$
  select case when p_buyer ->> 'stateCode' is not null then p_buyer
              else p_buyer || jsonb_build_object('stateCode', p_seller ->> 'stateCode', 'placeAssumed', true) end
$$;

-- Numbers and writes the receipt of an order that is being marked paid, and its mail, in the same statement. It says what was
-- sold: plan, period, price and what was taken off it.
create or replace function issue_receipt(o orders, p_cf_payment_id text, p_seller jsonb) returns text
language plpgsql as $$
declare
  receipt_no text := write_receipt(o, p_cf_payment_id, p_seller, placed_buyer(buyer_of(o), p_seller), null);
begin
  perform enqueue_mail('receipt', receipt_no, id, name, email) from users where id = o.user_id;
  return receipt_no;
end $$;

-- Prices include tax. With a GSTIN: the seller's own state splits it into CGST and SGST (or UTGST) of 9% each, another state
-- pays IGST of 18%; what rounding leaves over is its own line (Rule 46 CGST; CBIC Circular 242/36/2024 for the buyer's state).
-- Where a company names its GSTIN, its state is the place of supply.
create or replace function write_receipt(
  o orders, p_cf_payment_id text, p_seller jsonb, p_buyer jsonb, p_replaces text
) returns text language plpgsql as $$
declare
  issued     timestamptz := clock_timestamp();                 -- one instant for the date and for the series
  year       text := financial_year_of(issued);
  registered boolean := coalesce(p_seller ->> 'gstin', '') <> '';
  same_state boolean;
  taxable    integer := o.amount_paise;
  half       integer := 0;
  igst       integer := 0;
  serial_no  integer;
  receipt_no text;
begin
  if registered then
    same_state := coalesce(left(p_buyer ->> 'gstin', 2), p_buyer ->> 'stateCode') is not distinct from p_seller ->> 'stateCode';
    taxable := round(o.amount_paise / 1.18);
    half := case when same_state then round(taxable * 0.09) else 0 end;
    igst := case when same_state then 0 else round(taxable * 0.18) end;
  end if;
  insert into receipt_series as series (financial_year, last_serial) values (year, 1)
  on conflict (financial_year) do update set last_serial = series.last_serial + 1
  returning last_serial into serial_no;
  receipt_no := 'R' || year || '-' || lpad(serial_no::text, greatest(6, length(serial_no::text)), '0');
  insert into receipts (number, order_id, user_id, cf_payment_id, financial_year, serial, issued_at, amount_paise, taxable_paise,
                        cgst_paise, sgst_paise, igst_paise, round_off_paise, seller, buyer, plan_title, sold_from, sold_until,
                        discount_paise, credit_paise, replaces)
  select receipt_no, o.id, o.user_id, p_cf_payment_id, year, serial_no, issued, o.amount_paise, taxable,
         half, half, igst, o.amount_paise - taxable - 2 * half - igst, p_seller, p_buyer,
         case when o.purpose = 'gift' then 'Gift of ' || plan.months || case plan.months when 1 then ' month' else ' months' end
              else plan.title end,
         coalesce(first.sold_from, period.starts_at), coalesce(first.sold_until, period.ends_at),
         o.discount_paise, o.credit_paise, p_replaces
  from plans plan
  left join receipts first on first.number = p_replaces
  left join subscription_periods period on period.order_id = o.id
  where plan.key = o.plan_key;
  return receipt_no;
end $$;
