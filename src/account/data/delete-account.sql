-- What a deleted account is called. Nobody can register such a username (40 signs) or receive mail at such an address.
create or replace function deleted_username(p_user_id uuid) returns text language sql immutable as $$
  select 'deleted-' || replace(p_user_id::text, '-', '')
$$;
create or replace function deleted_email(p_user_id uuid) returns text language sql immutable as $$
  select replace(p_user_id::text, '-', '') || '@deleted.invalid'
$$;

-- Takes a person out of an account and leaves what tax law keeps: receipts, credit notes, payments. All of it or nothing.
-- p_seen_end is the end of the paid time that the person was told they lose; p_unusable_hash is of a password nobody knows.
-- Cashfree was asked about open orders just before; what it said is in the tables.
-- Answers 'deleted', 'gone' (it was already), or why not: 'administrator', 'changed', 'payment-under-way', 'held',
-- 'refund-under-way'. Locks in the one order: mandates, the person (as open_order_as_wished does), orders, subscription.
create or replace function delete_account(
  p_user_id uuid, p_seen_end timestamptz, p_unusable_hash text, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  person   users;
  running  subscriptions;
  moment   timestamptz;
  refusal  text;
  audit_id bigint;
begin
  -- What is called below writes to the audit as well, and says from where by this.
  perform set_config('etf.origin', coalesce(p_origin::text, ''), true);
  perform 1 from mandates where user_id = p_user_id order by id for update;   -- before all else, as every settlement of one does
  select * into person from users where id = p_user_id for no key update;   -- who notes something about them need not wait
  perform 1 from orders where user_id = p_user_id order by id for update;
  select * into running from subscriptions where user_id = p_user_id for update;
  moment := clock_timestamp();
  if person.deleted_at is not null then return 'gone'; end if;
  if person.role is distinct from 'subscriber' then return 'administrator'; end if;
  if date_trunc('milliseconds', running.current_period_end) is distinct from date_trunc('milliseconds', p_seen_end) then
    return 'changed';
  end if;
  perform end_mandates(p_user_id, 'deletion', p_actor);   -- also where what it was about to debit keeps the account for now
  refusal := money_on_its_way(p_user_id);
  if refusal is not null then return refusal; end if;

  perform close_unsent_orders(p_user_id, p_actor);
  perform end_access(p_user_id, 'account deleted', null, p_actor, moment);
  perform forget_person(person, p_unusable_hash, moment);
  audit_id := record_audit(p_actor, 'account.deleted', null, p_user_id, jsonb_build_object(
    'status', status_by_now(running), 'currentPeriodEnd', running.current_period_end,
    'receipts', (select count(*) from receipts where user_id = p_user_id)));
  perform enqueue_mail('account-deleted', audit_id::text, person.id, person.name, person.email);
  return 'deleted';
end $$;

-- Why this account's money is not at rest; null when it is. An attempt begun in time may end a day later.
create or replace function money_on_its_way(p_user_id uuid) returns text language sql stable as $$
  select case
    when exists (select from orders o where o.user_id = p_user_id and o.status in ('active', 'terminating'))
      then 'payment-under-way'
    when exists (select from orders o join payments p on p.order_id = o.id
                 where o.user_id = p_user_id and now() < o.expires_at + interval '25 hours' and may_still_move(p))
      then 'payment-under-way'
    when exists (select from orders o where o.user_id = p_user_id and o.paid_at is null and has_money_left(o))
      or exists (select from money_under_way(p_user_id)) then 'held'
    when exists (select from refunds r where r.user_id = p_user_id and r.finished_at is null) then 'refund-under-way'
  end
$$;

-- Everything that says who it was, where the law does not ask to keep it. A receipt that waits in the outbox still goes to
-- its buyer, and one last mail tells of the deletion, in case it was somebody else; the job `clean` forgets that address
-- afterwards.
create or replace function forget_person(person users, p_unusable_hash text, p_moment timestamptz) returns void
language plpgsql as $$
begin
  update users
  set username = deleted_username(id), email = deleted_email(id), name = 'Deleted account', phone = null,
      password_hash = p_unusable_hash, email_verified_at = null, suspended_at = null, suspended_reason = null,
      deleted_at = p_moment
  where id = person.id;
  delete from sessions where user_id = person.id;
  delete from account_links where user_id = person.id;
  delete from known_devices where user_id = person.id;
  delete from api_keys where user_id = person.id;
  delete from recovery_codes where user_id = person.id;
  delete from second_factors where user_id = person.id;
  delete from reset_requests where email = lower(person.email);
  delete from login_link_requests where email = lower(person.email);
  delete from billing_details where user_id = person.id;
  perform forget_recipients(array(select id from gifts where redeemed_by = person.id
                                                        or (buyer_id = person.id and not awaits_delivery(gifts))));
  update orders set company = null where user_id = person.id;   -- receipts have a copy
  update mandates set umn = null, payer_address = null where user_id = person.id;   -- what was agreed to stays, without a name
  update subscriptions set cancel_reason = null, cancel_comment = null where user_id = person.id;
  delete from report_choices where user_id = person.id;
  delete from registration_sources where user_id = person.id;
  delete from stars where user_id = person.id;
  delete from dashboard_visits where user_id = person.id;
  delete from person_notes where user_id = person.id;
  delete from alert_choices where user_id = person.id;   -- waits for the job that writes a digest just now
  delete from alert_digests where user_id = person.id;
  perform forget_complaints(person);
  perform forget_suppression(person.email);
  update mails set status = 'skipped', leased_until = null
  where user_id = person.id and status = 'queued' and kind not in ('receipt', 'gift');   -- what was given stays given
  update mails set to_name = 'Deleted account', to_email = deleted_email(person.id), last_error = null
  where (user_id = person.id or is_address_of(to_email, person)) and status <> 'queued';
  update webhook_events set body = '', headers = '{}', redacted_at = p_moment
  where (order_id in (select id from orders where user_id = person.id)
         or order_id in (select subscription_id from mandates where user_id = person.id)) and redacted_at is null;
end $$;

-- Whom gifts were for, what was written to them, and the addresses of the mails with their codes. Answers how many gifts.
create or replace function forget_recipients(p_gift_ids uuid[]) returns bigint language sql as $$
  update mails set to_name = '', to_email = 'forgotten@deleted.invalid', last_error = null
  from unnest(p_gift_ids) g
  where kind = 'gift' and subject_key = g::text and status <> 'queued';
  with forgotten as (
    update gifts set recipient_name = '', recipient_email = '', message = '' where id = any (p_gift_ids) returning id
  )
  select count(*) from forgotten
$$;

-- Complaints of a person, those from before they logged in included, keep their number and times. One that is open is closed:
-- its answer could reach nobody.
create or replace function forget_complaints(person users) returns void language sql as $$
  update complaints
  set name = 'Deleted account', email = deleted_email(person.id), reference = '', text = '', answer = '',
      answered_by = coalesce(answered_by, 'user:' || person.id), answered_at = coalesce(answered_at, now())
  where user_id = person.id or (user_id is null and is_address_of(email, person))
$$;

-- Whether an address is this person's, as they have confirmed: what only claims it may be somebody else's.
create or replace function is_address_of(p_email text, person users) returns boolean language sql immutable as $$
  select person.email_verified_at is not null and lower(p_email) = lower(person.email)
$$;

-- Nothing is sent to the address of a deleted account, whatever enqueues the mail.
create or replace function skip_mail_to_nobody() returns trigger language plpgsql as $$
begin
  new.status := 'skipped';
  new.leased_until := null;
  return new;
end $$;
-- Made once, as in next-occurrence.sql.
do $$ begin
  if not exists (select from pg_trigger where tgrelid = 'mails'::regclass and tgname = 'skip_mail_to_nobody') then
    create trigger skip_mail_to_nobody before insert or update on mails
    for each row when (new.status = 'queued' and new.to_email like '%@deleted.invalid') execute function skip_mail_to_nobody();
  end if;
end $$;
