-- Numbers and writes the credit note of a refund, in the same statement that learns of its success (s.34 CGST).
-- Tax is taken back in the proportion it was charged, from the receipt as it was issued.
create or replace function issue_credit_note(r refunds) returns text language plpgsql as $$
declare
  receipt   receipts;
  issued    timestamptz := clock_timestamp();
  year      text := financial_year_of(issued);
  taxed     boolean;
  credited  integer;
  taxable   integer;
  half      integer := 0;
  igst      integer := 0;
  serial_no integer;
  note_no   text;
begin
  select * into receipt from receipts where order_id = r.order_id;
  if not found then return null; end if;
  -- A fee that the customer paid on top was never on the receipt: the notes together never exceed it.
  credited := least(r.amount_paise, receipt.amount_paise -
    coalesce((select sum(amount_paise) from credit_notes where receipt_number = receipt.number), 0));
  if credited <= 0 then return null; end if;
  taxable := credited;
  taxed := receipt.cgst_paise + receipt.sgst_paise + receipt.igst_paise > 0;
  if taxed then
    taxable := round(credited / 1.18);
    half := case when receipt.cgst_paise > 0 then round(taxable * 0.09) else 0 end;
    igst := case when receipt.igst_paise > 0 then round(taxable * 0.18) else 0 end;
  end if;
  insert into credit_note_series as series (financial_year, last_serial) values (year, 1)
  on conflict (financial_year) do update set last_serial = series.last_serial + 1
  returning last_serial into serial_no;
  note_no := 'C' || year || '-' || lpad(serial_no::text, greatest(6, length(serial_no::text)), '0');
  insert into credit_notes (number, refund_id, receipt_number, user_id, financial_year, serial, issued_at, amount_paise,
                            taxable_paise, cgst_paise, sgst_paise, igst_paise, round_off_paise, seller, buyer)
  values (note_no, r.id, receipt.number, r.user_id, year, serial_no, issued, credited,
          taxable, half, half, igst, credited - taxable - 2 * half - igst, receipt.seller, receipt.buyer);
  return note_no;
end $$;
