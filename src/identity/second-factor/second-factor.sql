-- Ten new recovery codes take the place of all that an account has; `p_hashes` are hexadecimal.
create or replace function write_recovery_codes(p_user_id uuid, p_hashes jsonb) returns void language sql as $$
  delete from recovery_codes where user_id = p_user_id;
  insert into recovery_codes (user_id, code_hash)
  select p_user_id, decode(hash, 'hex') from jsonb_array_elements_text(p_hashes) hash;
$$;

-- The first code was right: from now on one is asked for. False: the account is enrolled already.
create or replace function enrol_second_factor(p_user_id uuid, p_step bigint, p_code_hashes jsonb) returns boolean
language plpgsql as $$
begin
  update second_factors set enrolled_at = now(), last_step = p_step, failures = 0, blocked_until = null
  where user_id = p_user_id and enrolled_at is null;
  if not found then return false; end if;
  perform write_recovery_codes(p_user_id, p_code_hashes);
  perform record_audit('user:' || p_user_id, 'second-factor.enrolled', p_user_id => p_user_id);
  return true;
end $$;

-- Uses a code's thirty-second step, once: a code that was seen over somebody's shoulder opens nothing again. The session it
-- confirms is marked in the same transaction, so that the second half of a double click finds it confirmed.
create or replace function use_code_step(p_user_id uuid, p_step bigint, p_session uuid) returns boolean
language plpgsql as $$
begin
  update second_factors set last_step = p_step, failures = 0, blocked_until = null
  where user_id = p_user_id and last_step < p_step;
  if not found then return false; end if;
  perform confirm_session(p_session, p_user_id);
  return true;
end $$;

-- Uses a recovery code, once, and confirms the session likewise.
create or replace function use_recovery_code(p_user_id uuid, p_code_hash bytea, p_session uuid) returns boolean
language plpgsql as $$
begin
  update recovery_codes set used_at = now() where user_id = p_user_id and code_hash = p_code_hash and used_at is null;
  if not found then return false; end if;
  update second_factors set failures = 0, blocked_until = null where user_id = p_user_id;
  perform confirm_session(p_session, p_user_id);
  perform record_audit('user:' || p_user_id, 'recovery-code.used', p_user_id => p_user_id);
  return true;
end $$;

-- Forgets an account's authenticator app and recovery codes: whoever needs a second factor again sets one up anew.
create or replace function forget_second_factor(p_user_id uuid) returns void language sql as $$
  delete from second_factors where user_id = p_user_id;
  delete from recovery_codes where user_id = p_user_id;
$$;

-- The same for somebody who lost theirs: the sessions end, and the next log-in enrols anew. False: no such account.
create or replace function reset_second_factor(p_user_id uuid, p_actor text) returns boolean language plpgsql as $$
begin
  if not exists (select from users where id = p_user_id) then return false; end if;
  perform forget_second_factor(p_user_id);
  perform end_sessions(p_user_id);
  perform record_audit(p_actor, 'second-factor.reset', p_user_id => p_user_id);
  return true;
end $$;
