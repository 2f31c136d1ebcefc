-- Ends the sessions of an account but for the one with the handle `p_except`: their cookies open nothing any more. Answers
-- how many ended.
create or replace function end_sessions(p_user_id uuid, p_except uuid default null) returns integer language plpgsql as $$
declare
  ended integer;
begin
  delete from sessions where user_id = p_user_id and handle is distinct from p_except;
  get diagnostics ended = row_count;
  return ended;
end $$;

-- Signs a person out where they ask for it, and says so in the audit: of the session with handle p_only, of all but the one
-- with handle p_all_but, or of all where both are null. Answers how many there were.
create or replace function sign_out(p_user_id uuid, p_only uuid, p_all_but uuid, p_actor text, p_origin jsonb)
returns integer language plpgsql as $$
declare
  ended integer;
begin
  delete from sessions
  where user_id = p_user_id and (p_only is null or handle = p_only) and handle is distinct from p_all_but;
  get diagnostics ended = row_count;
  if ended > 0 then
    perform record_audit(p_actor, 'sessions.ended', null, p_user_id, jsonb_build_object('sessions', ended), p_origin);
  end if;
  return ended;
end $$;
