-- Whether a suppressed address is not sent a mail of this kind. To an address that does not exist nothing goes but what its owner asks
-- for to prove that it does. Who called our mail spam still gets what they ask for and what the law wants: links, receipts, notices.
-- The operator's alerts always go.
create or replace function is_stopped_by(p_suppression text, p_mail_kind text, p_bulk boolean) returns boolean
language sql immutable as $$
  select case p_suppression
    when 'hard-bounce' then p_mail_kind not in ('verify-email', 'change-email', 'alert')
    when 'complaint' then (p_bulk or p_mail_kind in ('renewal', 'rescue')) and p_mail_kind <> 'alert'
    else false
  end
$$;

-- A mail was read there, or nobody of ours has the address any more: what was reported of it no longer counts.
create or replace function forget_suppression(p_email text) returns void language sql as $$
  delete from mail_suppressions where email = lower(p_email);
  delete from mail_notifications where email = lower(p_email);
$$;

-- A person, an administrator or its owner, has mails sent to an address again. What was reported of it stays, so that the same
-- report coming again does not count.
create or replace function lift_suppression(p_email text, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  lifted mail_suppressions;
begin
  delete from mail_suppressions where email = lower(p_email) returning * into lifted;
  if lifted.email is null then return false; end if;
  perform record_audit(p_actor, 'mail.suppression-lifted', p_origin => p_origin,
                       p_user_id => (select id from users where lower(email) = lifted.email and deleted_at is null),
                       p_details => jsonb_build_object('provider', lifted.provider, 'kind', lifted.kind, 'since', lifted.since));
  return true;
end $$;

-- Reports older than 90 days go; so do suppressions older than a year of addresses that no account has. Answers how many.
create or replace function forget_old_suppressions() returns integer language plpgsql as $$
declare
  gone  integer;
  total integer;
begin
  delete from mail_notifications where id in (
    select id from mail_notifications where received_at < now() - interval '90 days' order by received_at limit 1000);
  get diagnostics total = row_count;
  delete from mail_suppressions s where email in (
    select email from mail_suppressions s where since < now() - interval '1 year'
      and not exists (select from users u where lower(u.email) = s.email) limit 1000);
  get diagnostics gone = row_count;
  return total + gone;
end $$;
