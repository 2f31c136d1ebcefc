-- Receipts and credit notes of an Indian month as the books have them, from what was stored when each was issued. What a
-- credit note takes back is negative, so that sums are net. `about` is the receipt of a credit note; `gstin` is null for a
-- consumer; the state is the place of supply; `seller_gstin` is the registration under which it was issued, null without one.
create or replace function tax_papers(p_since timestamptz, p_before timestamptz) returns table (
  number text, kind text, issued_at timestamptz, financial_year text, serial integer, person_id uuid, order_id text, about text,
  buyer_name text, gstin text, state_code text, sac text, seller_gstin text, plan_title text,
  amount_paise integer, taxable_paise integer, cgst_paise integer, sgst_paise integer, igst_paise integer, round_off_paise integer
) language sql stable as $$
  select r.number, 'receipt', r.issued_at, r.financial_year, r.serial, r.user_id, r.order_id, r.replaces,
         coalesce(r.buyer ->> 'legalName', r.buyer ->> 'name'), r.buyer ->> 'gstin',
         coalesce(left(r.buyer ->> 'gstin', 2), r.buyer ->> 'stateCode'), r.seller ->> 'sac', nullif(r.seller ->> 'gstin', ''),
         r.plan_title, r.amount_paise, r.taxable_paise, r.cgst_paise, r.sgst_paise, r.igst_paise, r.round_off_paise
  from receipts r
  where r.issued_at >= p_since and r.issued_at < p_before
  union all
  select n.number, n.kind, n.issued_at, n.financial_year, n.serial, n.user_id, r.order_id, n.receipt_number,
         coalesce(n.buyer ->> 'legalName', n.buyer ->> 'name'), n.buyer ->> 'gstin',
         coalesce(left(n.buyer ->> 'gstin', 2), n.buyer ->> 'stateCode'), n.seller ->> 'sac', nullif(n.seller ->> 'gstin', ''),
         r.plan_title, -n.amount_paise, -n.taxable_paise, -n.cgst_paise, -n.sgst_paise, -n.igst_paise, -n.round_off_paise
  from credit_notes n
  join receipts r on r.number = n.receipt_number
  where n.issued_at >= p_since and n.issued_at < p_before
$$;
