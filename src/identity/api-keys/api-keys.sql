-- Keeps the hash of a new read-only key, with a row in the audit. Answers 'made', 'too-many' where the person has p_most
-- already, or 'refused' for everybody who is no subscriber: an administrator's second factor is in no key.
create or replace function make_api_key(
  p_user_id uuid, p_name text, p_key_hash bytea, p_ending text, p_most integer, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
begin
  -- Two at the same moment wait for each other here, so that both count.
  perform 1 from users
  where id = p_user_id and role = 'subscriber' and suspended_at is null and deleted_at is null
  for no key update;
  if not found then return 'refused'; end if;
  if (select count(*) >= p_most from api_keys where user_id = p_user_id) is not false then return 'too-many'; end if;
  insert into api_keys (user_id, name, key_hash, ending) values (p_user_id, p_name, p_key_hash, p_ending);
  perform record_audit(p_actor, 'api-key.made', null, p_user_id, jsonb_build_object('ending', p_ending), p_origin);
  return 'made';
end $$;

-- The same in a living session, which p_session names. Answers 'signed-out' where that has ended since the request was let in, for
-- example with all others and every key in a password reset, which no key may outlive.
create or replace function make_api_key_in_session(
  p_session uuid, p_user_id uuid, p_name text, p_key_hash bytea, p_ending text, p_most integer, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
begin
  -- A reset that is going on is waited for here; the next statement sees what it ended.
  perform 1 from users where id = p_user_id for no key update;
  if not exists (select from sessions where handle = p_session and user_id = p_user_id) then return 'signed-out'; end if;
  return make_api_key(p_user_id, p_name, p_key_hash, p_ending, p_most, p_actor, p_origin);
end $$;

-- Takes a key away from the person it belongs to, with a row in the audit: the next request with it is refused. False: there
-- is none of theirs.
create or replace function revoke_api_key(p_user_id uuid, p_handle uuid, p_actor text, p_origin jsonb)
returns boolean language plpgsql as $$
declare
  revoked api_keys;
begin
  delete from api_keys where handle = p_handle and user_id = p_user_id returning * into revoked;
  if not found then return false; end if;
  perform record_audit(p_actor, 'api-key.revoked', null, p_user_id, jsonb_build_object('ending', revoked.ending), p_origin);
  return true;
end $$;

-- Takes away every key of an account, with a row in the audit for each. Answers how many there were.
create or replace function revoke_api_keys(p_user_id uuid, p_actor text, p_origin jsonb) returns integer language plpgsql as $$
declare
  revoked api_keys;
  total   integer := 0;
begin
  for revoked in delete from api_keys where user_id = p_user_id returning * loop
    total := total + 1;
    perform record_audit(p_actor, 'api-key.revoked', null, p_user_id, jsonb_build_object('ending', revoked.ending), p_origin);
  end loop;
  return total;
end $$;
