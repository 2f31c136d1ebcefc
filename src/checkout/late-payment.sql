-- Money for an account that was deleted meanwhile: it is booked like any other, receipt included, but nobody is there to
-- use what it bought. The period ends at once and a person decides, normally to refund it. Called inside settle_order.
create or replace function withhold_from_deleted(o orders, p_actor text) returns void language plpgsql as $$
declare
  deleted timestamptz := (select deleted_at from users where id = o.user_id);
begin
  if deleted is null then return; end if;
  perform end_access(o.user_id, 'paid after the account was deleted', null, p_actor, clock_timestamp());
  perform open_incident('paid-after-deletion', o.id, o, jsonb_build_object(
    'deletedAt', deleted, 'amountPaise', o.amount_paise, 'rule', 'refund it after an admin confirms'));
end $$;
