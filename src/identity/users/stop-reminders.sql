-- Remembers that a person wants no reminders, or wants them again. False: it was so already.
create or replace function stop_user_reminders(p_user_id uuid, p_stopped boolean) returns boolean language plpgsql as $$
begin
  update users set reminders_stopped_at = case when p_stopped then now() end
  where id = p_user_id and deleted_at is null and (reminders_stopped_at is not null) is distinct from p_stopped;
  return found;
end $$;
