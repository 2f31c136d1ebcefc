-- Keeps the company that a person's next receipts are made out to: {legalName, address, gstin}, null for none. The audit says
-- which of them changed, not what they were or are. False: all are the same as before, or the account is gone.
create or replace function keep_company(p_user_id uuid, p_company jsonb, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  before billing_details;
  after  billing_details;
begin
  perform 1 from users where id = p_user_id and deleted_at is null for no key update;   -- two tabs save one after the other
  if not found then return false; end if;
  select * into before from billing_details where user_id = p_user_id;
  if p_company is null then
    delete from billing_details where user_id = p_user_id;
  else
    insert into billing_details (user_id, legal_name, address, gstin)
    values (p_user_id, p_company ->> 'legalName', p_company ->> 'address', p_company ->> 'gstin')
    on conflict (user_id) do update
    set (legal_name, address, gstin, updated_at) = (excluded.legal_name, excluded.address, excluded.gstin, now())
    returning * into after;
  end if;
  if (before.legal_name, before.address, before.gstin) is not distinct from (after.legal_name, after.address, after.gstin) then
    return false;
  end if;
  perform record_audit(p_actor, 'company.changed', null, p_user_id, jsonb_build_object('changed', jsonb_build_object(
    'legalName', before.legal_name is distinct from after.legal_name, 'address', before.address is distinct from after.address,
    'gstin', before.gstin is distinct from after.gstin)), p_origin);
  return true;
end $$;
