-- Indian financial year of an instant, as two pairs of digits: March 2027 is '2627', April 2027 is '2728'.
create or replace function financial_year_of(p_at timestamptz) returns text language sql immutable as $$
  select to_char(april, 'YY') || to_char(april + interval '1 year', 'YY')
  from (select (p_at at time zone 'Asia/Kolkata') - interval '3 months' as april) fiscal
$$;

-- The receipt of an order that counts: the one that no other replaces. Null while its number is awaited.
create or replace function valid_receipt_number(p_order_id text) returns text language sql stable as $$
  select r.number from receipts r
  where r.order_id = p_order_id and not exists (select from receipts later where later.replaces = r.number)
$$;

-- Whom papers of an order are made out to: the person, and the company of the order, or the one that the account names; of a
-- gift only that of the order, whose form asks for it.
create or replace function buyer_of(o orders) returns jsonb language sql stable as $$
  select buyer_from(o, u, d)
  from users u left join billing_details d on d.user_id = u.id and o.purpose <> 'gift'
  where u.id = o.user_id
$$;

-- The same, where the rows are at hand. Inlined.
create or replace function buyer_from(o orders, u users, d billing_details) returns jsonb language sql stable as $$
  select jsonb_build_object('name', u.name, 'email', u.email, 'stateCode', u.state_code)
         || jsonb_strip_nulls(coalesce(o.company,
              jsonb_build_object('legalName', d.legal_name, 'address', d.address, 'gstin', d.gstin)))
$$;

-- The buyer with a state. One who never gave theirs has no address on record, so the place of supply is where the supplier is
-- (IGST Act 2017, s.12(2)(b)(ii)); `placeAssumed` says so.
create or replace function placed_buyer(p_buyer jsonb, p_seller jsonb) returns jsonb language sql immutable as $$
  select case when p_buyer ->> 'stateCode' is not null then p_buyer
              else p_buyer || jsonb_build_object('stateCode', p_seller ->> 'stateCode', 'placeAssumed', true) end
$$;

-- Prices include tax. With a GSTIN: the seller's own state splits it into CGST and SGST (or UTGST) of 9% each, another state
-- pays IGST of 18%; what rounding leaves over is its own line (Rule 46 CGST; CBIC Circular 242/36/2024 for the buyer's state).
-- Where a company names its GSTIN, its state is the place of supply. `half_paise` is CGST, and SGST again. Inlined.
create or replace function tax_within(p_amount_paise integer, p_seller jsonb, p_buyer jsonb)
returns table (taxable_paise integer, half_paise integer, igst_paise integer) language sql immutable as $$
  select taxable, case when is_registered and is_within then round(taxable * 0.09)::integer else 0 end,
         case when is_registered and not is_within then round(taxable * 0.18)::integer else 0 end
  from (
    select is_registered, is_within, case when is_registered then round(p_amount_paise / 1.18)::integer else p_amount_paise end as taxable
    from (
      select coalesce(p_seller ->> 'gstin', '') <> '' as is_registered,
             coalesce(left(p_buyer ->> 'gstin', 2), p_buyer ->> 'stateCode') is not distinct from p_seller ->> 'stateCode' as is_within
    ) supply
  ) base
$$;

-- Writes down the receipt of an order that is being marked paid, in the same statement: what was sold, plan, period, price and
-- what was taken off it. number_receipts numbers it after the commit and sends its mail, so there is no number to answer yet.
create or replace function issue_receipt(o orders, p_cf_payment_id text, p_seller jsonb) returns text language plpgsql as $$
begin
  perform write_due_receipt(o, p_cf_payment_id, p_seller, placed_buyer(buyer_of(o), p_seller), null);
  return null;
end $$;

-- Writes a receipt with its number, in one statement. The caller holds the order's lock.
create or replace function write_receipt(
  o orders, p_cf_payment_id text, p_seller jsonb, p_buyer jsonb, p_replaces text
) returns text language plpgsql as $$
begin
  perform write_due_receipt(o, p_cf_payment_id, p_seller, p_buyer, p_replaces);
  return number_receipt(o.id);
end $$;

-- A receipt without its number; one that replaces another is over the same period.
create or replace function write_due_receipt(o orders, p_cf_payment_id text, p_seller jsonb, p_buyer jsonb, p_replaces text)
returns void language sql as $$
  insert into receipts_due (order_id, user_id, cf_payment_id, issued_at, amount_paise, taxable_paise, cgst_paise, sgst_paise,
                            igst_paise, round_off_paise, seller, buyer, plan_title, sold_from, sold_until, discount_paise,
                            credit_paise, replaces)
  select o.id, o.user_id, p_cf_payment_id, clock_timestamp(), o.amount_paise, tax.taxable_paise, tax.half_paise, tax.half_paise,
         tax.igst_paise, o.amount_paise - tax.taxable_paise - 2 * tax.half_paise - tax.igst_paise, p_seller, p_buyer,
         case when o.purpose = 'gift' then 'Gift of ' || plan.months || case plan.months when 1 then ' month' else ' months' end
              else plan.title end,
         coalesce(first.sold_from, period.starts_at), coalesce(first.sold_until, period.ends_at),
         o.discount_paise, o.credit_paise, p_replaces
  from plans plan
  cross join tax_within(o.amount_paise, p_seller, p_buyer) tax
  left join receipts first on first.number = p_replaces
  left join subscription_periods period on period.order_id = o.id
  where plan.key = o.plan_key
$$;
