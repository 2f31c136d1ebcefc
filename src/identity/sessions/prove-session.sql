-- Password and code were given in this session: for ten minutes it need not be asked for them again.
create or replace function confirm_session(p_handle uuid, p_user_id uuid) returns void language sql as $$
  update sessions set confirmed_at = now() where handle = p_handle and user_id = p_user_id;
$$;

-- The second factor was given: a session of eight hours takes the place of the one that waited for it. It counts as
-- confirmed from when the password was given. False: none waits.
create or replace function prove_session(
  p_before bytea, p_id_hash bytea, p_user_agent text, p_network text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  waiting sessions;
begin
  delete from sessions where id_hash = p_before and second_factor_at is null and expires_at > now()
  returning * into waiting;
  if not found then return false; end if;
  insert into sessions (id_hash, user_id, user_agent, network, expires_at, second_factor_at, confirmed_at)
  values (p_id_hash, waiting.user_id, p_user_agent, p_network, now() + interval '8 hours', now(), waiting.created_at);
  perform record_audit('user:' || waiting.user_id, 'admin.logged-in', p_user_id => waiting.user_id, p_origin => p_origin);
  return true;
end $$;
