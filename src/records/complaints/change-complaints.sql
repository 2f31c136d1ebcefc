-- Files a complaint and mails its number to who made it, and to the operator where p_alert_email names one. A repeat is of the
-- same form, person, address and text, and is the same complaint; anything else is another. Answers its number.
create or replace function file_complaint(
  p_form_key text, p_user_id uuid, p_name text, p_email text, p_reference text, p_text text, p_alert_email text,
  p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  once  text := encode(sha256(convert_to(jsonb_build_array(p_form_key, p_user_id, p_email, p_text)::text, 'UTF8')), 'hex');
  filed complaints;
begin
  insert into complaints (form_key, user_id, name, email, reference, text)
  values (once, p_user_id, p_name, p_email, p_reference, p_text)
  on conflict (form_key) do nothing
  returning * into filed;
  if not found then return (select number from complaints where form_key = once); end if;
  perform acknowledge_complaint(filed);
  if p_alert_email is not null then perform queue_complaint_alert(p_alert_email); end if;
  perform record_audit(p_actor, 'complaint.filed', p_user_id => p_user_id, p_origin => p_origin,
                       p_details => jsonb_build_object('complaint', filed.number));
  return filed.number;
end $$;

-- Whether an address is the one this person has confirmed. Any other may be a stranger's, who gets nothing that was typed.
create or replace function is_confirmed_email_of(p_user_id uuid, p_email text) returns boolean language sql stable as $$
  select exists (select from users where id = p_user_id and email_verified_at is not null and lower(email) = lower(p_email))
$$;

-- Mails a complaint's number to the address it names: to none more than five in a day, however many name it.
create or replace function acknowledge_complaint(c complaints) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('complaints from ' || lower(c.email), 0));
  if 5 <= (select count(*) from mails where lower(to_email) = lower(c.email) and kind = 'complaint-received'
                                        and created_at > now() - interval '1 day') then return; end if;
  perform enqueue_mail('complaint-received', c.number, c.user_id,
                       case when is_confirmed_email_of(c.user_id, c.email) then c.name else '' end, c.email);
end $$;

-- Alerts the operator to complaints that came after the last such alert: one mail in a quarter of an hour, and none while one
-- waits; it says how many there are. One that was being filed while another's alert was written is told in the next, maybe twice.
-- Answers whether there is a new one.
create or replace function queue_complaint_alert(p_to text) returns boolean language plpgsql as $$
declare
  last   mails;
  untold complaints;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('alert to complaints', 0)) then return false; end if;
  select * into last from mails where kind = 'alert' and subject_key like 'complaint:%' and status <> 'dead' order by id desc limit 1;
  if last.status = 'queued' or last.created_at > now() - interval '15 minutes' then return false; end if;
  select * into untold from complaints
  where answered_at is null and received_at > coalesce(last.created_at - interval '1 minute', '-infinity')
    and not exists (select from mails where kind = 'alert' and subject_key = 'complaint:' || number)
  order by id desc limit 1;
  if not found then return false; end if;
  return enqueue_mail('alert', 'complaint:' || untold.number, null, '', p_to) is not null;
end $$;

-- Answers a complaint, once, by mail. False: it was answered already, or there is none.
create or replace function answer_complaint(p_number text, p_answer text, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  answered complaints;
begin
  update complaints set answer = p_answer, answered_by = p_actor, answered_at = now()
  where number = p_number and answered_at is null
  returning * into answered;
  if not found then return false; end if;
  perform enqueue_mail('complaint-answered', answered.number, answered.user_id, answered.name, answered.email);
  perform record_audit(p_actor, 'complaint.answered', p_user_id => answered.user_id, p_origin => p_origin,
                       p_details => jsonb_build_object('complaint', answered.number));
  return true;
end $$;
