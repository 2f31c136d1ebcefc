-- When a gift's code is due at its recipient's: nine in the morning of its day, in India.
create or replace function gift_due_at(g gifts) returns timestamptz language sql immutable as $$
  select (g.deliver_on + time '09:00') at time zone 'Asia/Kolkata'
$$;

-- Until when a code can be redeemed: for twelve months after its day, that day included.
create or replace function gift_ends_at(g gifts) returns timestamptz language sql immutable as $$
  select ((g.deliver_on + interval '12 months')::date + 1)::timestamp at time zone 'Asia/Kolkata'
$$;

-- Whether somebody can still redeem it, as far as the gift tells.
create or replace function is_open_gift(g gifts) returns boolean language sql stable as $$
  select g.paid_at is not null and g.redeemed_at is null and g.voided_at is null and now() < gift_ends_at(g)
$$;

-- Whether the code of a gift has not gone out yet, or is to go out again to a corrected address: until then its recipient is
-- needed, even where its buyer is gone.
create or replace function awaits_delivery(g gifts) returns boolean language sql stable as $$
  select is_open_gift(g) and coalesce((
    select status from mails where kind = 'gift' and subject_key = g.id::text order by copy desc limit 1), 'queued') = 'queued'
$$;

-- Queues the mail with the code of a gift whose time has come, once. The mail is noted under the buyer, who answers for the
-- address. Answers whether there is a new one.
create or replace function send_due_gift(g gifts) returns boolean language sql as $$
  select enqueue_mail('gift', g.id::text, g.buyer_id, g.recipient_name, g.recipient_email) is not null
  where is_open_gift(g) and gift_due_at(g) <= now()
$$;

-- The same for every gift that is due and has no mail yet. Answers how many are new, at most 1,000.
create or replace function send_due_gifts() returns integer language sql as $$
  select count(*) filter (where send_due_gift(g))::integer from (
    select g from gifts g
    where g.paid_at is not null and g.redeemed_at is null and g.voided_at is null
      and g.deliver_on between (now() at time zone 'Asia/Kolkata')::date - 30 and (now() at time zone 'Asia/Kolkata')::date
      and not exists (select from mails m where m.kind = 'gift' and m.subject_key = g.id::text)
    order by g.deliver_on
    limit 1000
  ) due
$$;

-- The code of a gift, made when its mail is composed; only this hash of it is kept. The one before works no more. Null: the
-- gift is redeemed, void or over, goes to another address by now, or p_copy is not the newest mail about it.
create or replace function set_gift_code(p_gift_id uuid, p_copy integer, p_email text, p_code_hash bytea) returns gifts language plpgsql as $$
declare
  g gifts;
begin
  update gifts set code_hash = p_code_hash
  where id = p_gift_id and is_open_gift(gifts) and recipient_email = p_email
    and p_copy = (select max(copy) from mails where kind = 'gift' and subject_key = p_gift_id::text)
  returning * into g;
  return g;
end $$;

-- The buyer corrects whom a gift goes to. One that was mailed is mailed again with a new code, and the old one ends now; one
-- whose day is to come only changes its address. Answers 'sent', 'corrected', or why not: 'unknown', 'over', 'busy' after five
-- mails in a day.
create or replace function readdress_gift(
  p_buyer_id uuid, p_gift_id uuid, p_name text, p_email text, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  g      gifts;
  copies integer;
begin
  perform 1 from orders where id = (select order_id from gifts where id = p_gift_id) for update;   -- a redemption waits here
  select * into g from gifts where id = p_gift_id and buyer_id = p_buyer_id and paid_at is not null;
  if not found then return 'unknown'; end if;
  if not is_open_gift(g) then return 'over'; end if;
  select max(copy) into copies from mails where kind = 'gift' and subject_key = g.id::text;
  if copies is not null and 5 <= (select count(*) from mails where kind = 'gift' and subject_key = g.id::text
                                                              and created_at > now() - interval '1 day') then return 'busy'; end if;
  update gifts set recipient_name = p_name, recipient_email = p_email, code_hash = null where id = g.id returning * into g;
  if copies is not null then
    perform enqueue_mail('gift', g.id::text, g.buyer_id, g.recipient_name, g.recipient_email, p_copy => copies + 1);
  end if;
  perform record_audit(p_actor, 'gift.readdressed', g.order_id, g.buyer_id, jsonb_build_object('gift', g.id,
    'mailed', copies is not null), p_origin);
  return case when copies is null then 'corrected' else 'sent' end;
end $$;

-- Where a gift stands, in one word; p_mail_status is that of the newest mail with its code. See GiftState in queries.ts.
create or replace function gift_state(g gifts, p_mail_status text) returns text language sql stable as $$
  select case
    when g.paid_at is null then 'unpaid'
    when g.voided_at is not null then 'void'
    when g.redeemed_at is not null then 'redeemed'
    when now() >= gift_ends_at(g) then 'over'
    when p_mail_status = 'dead' then 'undeliverable'
    when p_mail_status = 'sent' then 'sent'
    else 'waiting'
  end
$$;
