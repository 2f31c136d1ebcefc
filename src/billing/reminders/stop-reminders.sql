-- Stops or resumes the reminders of a person. False: it was so already.
create or replace function set_reminders(p_user_id uuid, p_stopped boolean, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
begin
  if not stop_user_reminders(p_user_id, p_stopped) then return false; end if;
  perform record_audit(p_actor, case when p_stopped then 'reminders.stopped' else 'reminders.resumed' end,
                       p_user_id => p_user_id, p_origin => p_origin);
  return true;
end $$;

-- A link of a reminder was used by a person.
create or replace function note_opened_reminder(p_id bigint) returns void language sql as $$
  update reminders set opened_at = now() where id = p_id and opened_at is null
$$;
