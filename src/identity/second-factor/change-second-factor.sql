-- A change of a second factor in use, made in the session `p_session` by somebody who saw version `p_seen` of it: counts the
-- version up. False: it was changed meanwhile, or the session ended.
create or replace function claim_second_factor(p_user_id uuid, p_session uuid, p_seen integer) returns boolean
language plpgsql as $$
begin
  update second_factors f set version = f.version + 1
  where f.user_id = p_user_id and f.enrolled_at is not null and f.version = p_seen
    and exists (select from sessions s where s.handle = p_session and s.user_id = p_user_id);
  return found;
end $$;

-- Writes such a change to the audit, and a notice to the account's address.
create or replace function announce_second_factor_change(p_user_id uuid, p_action text, p_actor text, p_origin jsonb)
returns void language plpgsql as $$
declare
  audit_id bigint := record_audit(p_actor, p_action, p_user_id => p_user_id, p_origin => p_origin);
begin
  perform enqueue_mail('authenticator-changed', audit_id::text, id, name, email) from users where id = p_user_id;
end $$;

-- New recovery codes take the place of all old ones. False as `claim_second_factor` says.
create or replace function renew_recovery_codes(
  p_user_id uuid, p_session uuid, p_seen integer, p_code_hashes jsonb, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
begin
  if not claim_second_factor(p_user_id, p_session, p_seen) then return false; end if;
  perform write_recovery_codes(p_user_id, p_code_hashes);
  perform announce_second_factor_change(p_user_id, 'recovery-codes.renewed', p_actor, p_origin);
  return true;
end $$;

-- Another app's secret takes the place of the one in use, and the account's other sessions end. The recovery codes stay.
-- False as `claim_second_factor` says.
create or replace function change_authenticator(
  p_user_id uuid, p_session uuid, p_seen integer, p_sealed_secret bytea, p_step bigint, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
begin
  if not claim_second_factor(p_user_id, p_session, p_seen) then return false; end if;
  update second_factors
  set sealed_secret = p_sealed_secret, enrolled_at = now(), last_step = p_step, failures = 0, blocked_until = null
  where user_id = p_user_id;
  perform end_sessions(p_user_id, p_session);
  perform announce_second_factor_change(p_user_id, 'second-factor.changed', p_actor, p_origin);
  return true;
end $$;
