-- The payment that came after a reminder, for the panel's count of what reminders are worth: of one within thirty days, or of a
-- rescue within seven.
create or replace function note_reminded_payment(o orders) returns void language sql as $$
  update reminders set paid_order_id = o.id, paid_at = now()
  where o.purpose <> 'gift' and id = (
    select id from reminders
    where user_id = o.user_id and paid_order_id is null
      and queued_at > now() - case ladder when 'renewal' then interval '30 days' else interval '7 days' end
    order by queued_at desc, id desc limit 1)
$$;
