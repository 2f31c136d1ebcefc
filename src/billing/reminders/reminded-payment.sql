-- The payment that came after a reminder, for the panel's count of what reminders are worth: the last one that was sent, where
-- that is of the last thirty days, or of a rescue of the last seven. One that never left has brought nothing.
create or replace function note_reminded_payment(o orders) returns void language sql as $$
  with last as (
    select r.id, r.ladder, m.sent_at from reminders r
    join mails m on m.kind = r.ladder and m.subject_key = r.user_id || ':' || r.about || ':' || r.step and m.status = 'sent'
    where r.user_id = o.user_id
    order by r.queued_at desc, r.id desc limit 1
  )
  update reminders r set paid_order_id = o.id, paid_at = now()
  from last
  where r.id = last.id and r.paid_order_id is null and o.purpose <> 'gift'
    and last.sent_at > now() - case last.ladder when 'renewal' then interval '30 days' else interval '7 days' end
$$;
