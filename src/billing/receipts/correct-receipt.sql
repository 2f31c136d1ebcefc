-- Corrects whom a receipt is made out to: a credit note takes the whole of it back and another receipt takes its place (s.34
-- CGST); no money moves. p_company is {legalName, address, gstin}, null for the person alone. Answers {outcome, receipt}:
-- 'corrected', 'repeated' (it says so already), or why not: 'unknown', 'gone' (its buyer's account), 'replaced' (by another
-- meanwhile), 'credited' (part of it went back already).
create or replace function correct_receipt(
  p_number text, p_company jsonb, p_actor text, p_origin jsonb, out outcome text, out receipt text
) language plpgsql as $$
declare
  o     orders;
  old   receipts;
  buyer jsonb;
  note  text;
begin
  select * into o from orders where id = (select order_id from receipts where number = p_number) for update;   -- refunds wait
  if not found then outcome := 'unknown'; return; end if;
  if exists (select from users where id = o.user_id and deleted_at is not null) then outcome := 'gone'; return; end if;
  select * into old from receipts where number = valid_receipt_number(o.id);
  buyer := (old.buyer - 'legalName' - 'address' - 'gstin') || jsonb_strip_nulls(coalesce(p_company, '{}'));
  -- Who has given their state meanwhile has an address on record.
  if buyer ? 'placeAssumed' then
    buyer := coalesce((select buyer - 'placeAssumed' || jsonb_build_object('stateCode', state_code) from users
                       where id = o.user_id and state_code is not null), buyer);
  end if;
  receipt := old.number;
  if buyer = old.buyer then outcome := 'repeated'; return; end if;
  if old.number is distinct from p_number then outcome := 'replaced'; return; end if;
  if exists (select from credit_notes where receipt_number = old.number) then outcome := 'credited'; return; end if;
  -- Both series, in the order of a refund that numbers its receipt first: no deadlock.
  perform 1 from receipt_series where financial_year = financial_year_of(clock_timestamp()) for update;
  note := write_credit_note(old.number, null, old.amount_paise);
  receipt := write_receipt(o, old.cf_payment_id, old.seller, buyer, old.number);
  perform record_audit(p_actor, 'receipt.corrected', o.id, o.user_id, jsonb_build_object(
    'before', old.number, 'creditNote', note, 'after', receipt), p_origin);
  outcome := 'corrected';
end $$;
