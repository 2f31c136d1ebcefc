-- Indian financial year of an instant, as two pairs of digits: March 2027 is '2627', April 2027 is '2728'.
create or replace function financial_year_of(p_at timestamptz) returns text language sql immutable as $$
  select to_char(april, 'YY') || to_char(april + interval '1 year', 'YY')
  from (select (p_at at time zone 'Asia/Kolkata') - interval '3 months' as april) fiscal
$$;

-- Numbers and writes the receipt of an order that is being marked paid, and its mail, in the same statement.
-- Prices include tax. With a GSTIN: same state splits into CGST and SGST of 9% each, another state pays IGST of 18%;
-- what rounding leaves over is its own line (Rule 46 CGST; CBIC Circular 242/36/2024 for the buyer's state).
create or replace function issue_receipt(o orders, p_cf_payment_id text, p_seller jsonb) returns text
language plpgsql as $$
declare
  buyer      users;
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
  select * into buyer from users where id = o.user_id;
  if registered then
    same_state := buyer.state_code is not distinct from p_seller ->> 'stateCode';
    taxable := round(o.amount_paise / 1.18);
    half := case when same_state then round(taxable * 0.09) else 0 end;
    igst := case when same_state then 0 else round(taxable * 0.18) end;
  end if;
  insert into receipt_series as series (financial_year, last_serial) values (year, 1)
  on conflict (financial_year) do update set last_serial = series.last_serial + 1
  returning last_serial into serial_no;
  receipt_no := 'R' || year || '-' || lpad(serial_no::text, greatest(6, length(serial_no::text)), '0');
  insert into receipts (number, order_id, user_id, cf_payment_id, financial_year, serial, issued_at, amount_paise, taxable_paise,
                        cgst_paise, sgst_paise, igst_paise, round_off_paise, seller, buyer)
  values (receipt_no, o.id, o.user_id, p_cf_payment_id, year, serial_no, issued, o.amount_paise, taxable,
          half, half, igst, o.amount_paise - taxable - 2 * half - igst, p_seller,
          jsonb_build_object('name', buyer.name, 'email', buyer.email, 'stateCode', buyer.state_code));
  perform enqueue_mail('receipt', receipt_no, o.user_id, buyer.name, buyer.email);
  return receipt_no;
end $$;
