-- Redeems a code: the gift's period is appended to this person's access, once. Of two at the same moment the second waits for
-- the first. `outcome`: 'redeemed', 'yours' (by this person already), or why not: 'unknown' (no such code, void, or somebody
-- else was first: nobody learns which), 'over' (its twelve months are over), 'refused' (this account may be given nothing).
create or replace function redeem_gift(
  p_user_id uuid, p_code_hash bytea, p_actor text, p_origin jsonb, out outcome text, out ends_at timestamptz
) language plpgsql as $$
declare
  g      gifts;
  period subscription_periods;
begin
  -- The order's lock: a refund that makes the gift void, and the buyer who readdresses it, wait here as well.
  perform 1 from orders where id = (select order_id from gifts where code_hash = p_code_hash) for update;
  select * into g from gifts where code_hash = p_code_hash and paid_at is not null and voided_at is null;
  if not found or coalesce(g.redeemed_by, p_user_id) <> p_user_id then outcome := 'unknown'; return; end if;
  if g.redeemed_by = p_user_id then
    select p.ends_at into ends_at from subscription_periods p where p.gift_id = g.id;
    outcome := 'yours'; return;
  end if;
  if not is_open_gift(g) then outcome := 'over'; return; end if;
  perform 1 from subscriptions where user_id = p_user_id for update;   -- a deletion of the account waits here
  if entitlement_refusal(p_user_id) is not null then outcome := 'refused'; return; end if;

  period := append_gift(p_user_id, g.id, g.plan_key);
  update gifts set redeemed_by = p_user_id, redeemed_at = period.created_at where id = g.id returning * into g;
  perform record_audit(p_actor, 'gift.redeemed', g.order_id, p_user_id, jsonb_build_object('gift', g.id, 'period', period.id,
    'plan', g.plan_key, 'startsAt', period.starts_at, 'endsAt', period.ends_at), p_origin);
  perform enqueue_mail('gift-started', g.id::text, id, name, email) from users where id = p_user_id;
  if g.buyer_id <> p_user_id then
    perform enqueue_mail('gift-redeemed', g.id::text, id, name, email) from users where id = g.buyer_id;
  end if;
  outcome := 'redeemed';
  ends_at := period.ends_at;
end $$;
