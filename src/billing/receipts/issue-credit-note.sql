-- Numbers and writes the credit note of a refund, in the same statement that learns of its success (s.34 CGST).
-- Tax is taken back in the proportion it was charged, from the receipt as it was issued: after each note, what the notes
-- of a receipt took back of each tax head is that head's share of the money gone back. So the last note takes the
-- remainder, and together they are the receipt to the paisa.
-- Names the receipt, so one that waits for its number gets it first.
create or replace function issue_credit_note(r refunds) returns text language plpgsql as $$
begin
  return write_credit_note(number_receipt(r.order_id), r.id, r.amount_paise);
end $$;

-- A credit note over so much of a receipt as it has left, of a refund, or (p_refund_id null) of a receipt that is corrected.
create or replace function write_credit_note(p_receipt_number text, p_refund_id text, p_amount_paise bigint) returns text
language plpgsql as $$
declare
  receipt   receipts;
  before    record;   -- what the earlier notes of this receipt took back
  issued    timestamptz := clock_timestamp();
  year      text := financial_year_of(issued);
  credited  integer;
  back      integer;
  taxable   integer;
  half      integer;
  igst      integer;
  serial_no integer;
  note_no   text;
begin
  select * into receipt from receipts where number = p_receipt_number;
  if not found then return null; end if;
  select coalesce(sum(amount_paise), 0)::integer as amount, coalesce(sum(taxable_paise), 0)::integer as taxable,
         coalesce(sum(cgst_paise), 0)::integer as half, coalesce(sum(igst_paise), 0)::integer as igst
    into before from credit_notes where receipt_number = receipt.number;
  -- A fee that the customer paid on top was never on the receipt: the notes together never exceed it.
  credited := least(p_amount_paise, receipt.amount_paise - before.amount);
  if credited <= 0 then return null; end if;
  back := before.amount + credited;
  taxable := left_of_share(receipt.taxable_paise, back, receipt.amount_paise, before.taxable);
  half := left_of_share(receipt.cgst_paise, back, receipt.amount_paise, before.half);   -- SGST is CGST again
  igst := left_of_share(receipt.igst_paise, back, receipt.amount_paise, before.igst);
  insert into credit_note_series as series (financial_year, last_serial) values (year, 1)
  on conflict (financial_year) do update set last_serial = series.last_serial + 1
  returning last_serial into serial_no;
  note_no := 'C' || year || '-' || lpad(serial_no::text, greatest(6, length(serial_no::text)), '0');
  insert into credit_notes (number, kind, refund_id, receipt_number, user_id, financial_year, serial, issued_at, amount_paise,
                            taxable_paise, cgst_paise, sgst_paise, igst_paise, round_off_paise, split_rule, seller, buyer)
  values (note_no, case when p_refund_id is null then 'correction' else 'refund' end, p_refund_id, receipt.number, receipt.user_id,
          year, serial_no, issued, credited,
          taxable, half, half, igst, credited - taxable - 2 * half - igst, 2, receipt.seller, receipt.buyer);
  return note_no;
end $$;

-- What of one head of a receipt belongs to money that has gone back, rounded to the paisa: all of it once all is back.
create or replace function share_of_head(p_head integer, p_back integer, p_amount integer) returns integer
language sql immutable as $$
  select round(p_head::numeric * p_back / p_amount)::integer
$$;

-- The same without what earlier notes took. Notes of the older rule may have taken a paisa too much: never below nothing.
create or replace function left_of_share(p_head integer, p_back integer, p_amount integer, p_taken integer) returns integer
language sql immutable as $$
  select greatest(0, share_of_head(p_head, p_back, p_amount) - p_taken)
$$;
