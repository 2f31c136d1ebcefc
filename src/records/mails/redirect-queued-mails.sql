-- Mails to an account that wait for an address which was wrong go to the right one.
create or replace function redirect_queued_mails(p_user_id uuid, p_before text, p_after text) returns void language sql as $$
  update mails set to_email = p_after where user_id = p_user_id and status = 'queued' and lower(to_email) = lower(p_before);
$$;
