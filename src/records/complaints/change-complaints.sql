-- Files a complaint and mails its number to who made it, and to the operator where p_alert_email names one; a repeat of the
-- same form is the same complaint. Answers its number.
create or replace function file_complaint(
  p_form_key text, p_user_id uuid, p_name text, p_email text, p_reference text, p_text text, p_alert_email text,
  p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  filed complaints;
begin
  insert into complaints (form_key, user_id, name, email, reference, text)
  values (p_form_key, p_user_id, p_name, p_email, p_reference, p_text)
  on conflict (form_key) do nothing
  returning * into filed;
  if not found then return (select number from complaints where form_key = p_form_key); end if;
  perform enqueue_mail('complaint-received', filed.number, p_user_id, p_name, p_email);
  if p_alert_email is not null then perform enqueue_mail('alert', 'complaint:' || filed.number, null, '', p_alert_email); end if;
  perform record_audit(p_actor, 'complaint.filed', p_user_id => p_user_id, p_origin => p_origin,
                       p_details => jsonb_build_object('complaint', filed.number));
  return filed.number;
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
