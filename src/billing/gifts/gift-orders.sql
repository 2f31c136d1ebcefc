-- What becomes of a gift's order. The gift is a row beside the order from the moment it is opened; it counts once it is paid.

-- Whom an open order's gift is for: {recipientName, recipientEmail, message, deliverOn}. Asked again, the last word counts.
create or replace function keep_gift(o orders, p_gift jsonb) returns void language sql as $$
  insert into gifts (order_id, buyer_id, plan_key, recipient_name, recipient_email, message, deliver_on)
  values (o.id, o.user_id, o.plan_key, p_gift ->> 'recipientName', p_gift ->> 'recipientEmail',
          coalesce(p_gift ->> 'message', ''), (p_gift ->> 'deliverOn')::date)
  on conflict (order_id) do update
  set (recipient_name, recipient_email, message, deliver_on) =
      (excluded.recipient_name, excluded.recipient_email, excluded.message, excluded.deliver_on)
  where gifts.paid_at is null
$$;

-- The order was paid: the buyer is told, and the code goes out on its day, at once where that has come. Called only inside
-- settle_order, which holds the order's lock.
create or replace function activate_gift(o orders) returns void language plpgsql as $$
declare
  g gifts;
begin
  update gifts set paid_at = o.paid_at where order_id = o.id and paid_at is null returning * into g;
  if not found then return; end if;
  perform record_audit('user:' || o.user_id, 'gift.bought', o.id, o.user_id, jsonb_build_object(
    'gift', g.id, 'plan', g.plan_key, 'deliverOn', g.deliver_on));
  perform enqueue_mail('gift-bought', g.id::text, id, name, email) from users where id = o.user_id;
  perform send_due_gift(g);
end $$;

-- All of its price went back to the buyer: a code that nobody used works no more, and the period of somebody who did ends now.
-- The caller holds the order's lock.
create or replace function void_gift(p_order_id text) returns void language plpgsql as $$
declare
  g gifts;
begin
  update gifts set voided_at = now() where order_id = p_order_id and paid_at is not null and voided_at is null returning * into g;
  if not found then return; end if;
  perform void_period(p_order_id);
  perform record_audit('refunds', 'gift.voided', p_order_id, g.buyer_id, jsonb_strip_nulls(jsonb_build_object(
    'gift', g.id, 'redeemedAt', g.redeemed_at)));
end $$;

-- Whose access an order is about: of a gift that of whoever redeemed it, else the buyer's. Their subscription is locked where
-- the order's money may end a period.
create or replace function holder_of_access(o orders) returns uuid language sql stable as $$
  select coalesce((select redeemed_by from gifts where order_id = o.id), o.user_id)
$$;
