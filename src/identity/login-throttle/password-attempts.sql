-- Reserves one attempt at a password before the password is checked, so that guesses sent side by side all count.
-- Returns the seconds to wait: 0 means the attempt is reserved, more that nothing was counted and nothing may be checked.
--
-- A browser that this account has logged in from counts by itself (p_browser_key): strangers' guesses never make it wait.
-- Everybody else shares the account's counter, and their network's: p_network_free attempts in five minutes.
-- Of an account's counter p_free attempts are free; each one after that doubles the wait, from 1 s to 15 min.
create or replace function reserve_password_attempt(
  p_account text, p_browser bytea, p_account_key bytea, p_browser_key bytea, p_network_key text,
  p_free integer, p_network_free integer,
  out wait_s integer, out is_known boolean
) language plpgsql as $$
declare
  counter bytea := p_account_key;
  network rate_counters;
begin
  is_known := exists (
    select from known_devices d
    join users u on u.id = d.user_id
    where d.id_hash = p_browser and (lower(u.username) = p_account or lower(u.email) = p_account)
  );
  if is_known then
    counter := p_browser_key;
  else
    insert into rate_counters as r (key, count, resets_at) values (p_network_key, 1, now() + interval '5 minutes')
    on conflict (key) do update
      set count     = case when r.resets_at <= now() then 1 else r.count + 1 end,
          resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
      where r.resets_at <= now() or r.count < p_network_free
    returning * into network;
    if not found then
      select ceil(extract(epoch from r.resets_at - now())) into wait_s from rate_counters r where r.key = p_network_key;
      wait_s := greatest(coalesce(wait_s, 1), 1);
      return;
    end if;
  end if;

  insert into login_throttle as t (key_hash, failures, blocked_until, last_failed_at)
  values (counter, 1, case when p_free <= 1 then now() + interval '1 second' end, now())
  on conflict (key_hash) do update
    set failures       = least(t.failures, 1000000) + 1,
        blocked_until  = case when t.failures + 1 >= p_free
                              then now() + make_interval(secs => least(900, 2 ^ least(t.failures + 1 - p_free, 10))) end,
        last_failed_at = now()
    where t.blocked_until is null or t.blocked_until <= now();
  if found then wait_s := 0; return; end if;

  select ceil(extract(epoch from t.blocked_until - now())) into wait_s from login_throttle t where t.key_hash = counter;
  wait_s := greatest(coalesce(wait_s, 1), 1);
  -- A refused attempt was no failure of its network.
  update rate_counters r set count = r.count - 1 where not is_known and r.key = p_network_key and r.count > 0;
end $$;

-- The password was right: the counter starts anew, and the network gets its attempt back.
create or replace function forget_password_attempts(p_counter bytea, p_network_key text) returns void language sql as $$
  delete from login_throttle where key_hash = p_counter;
  update rate_counters set count = count - 1 where key = p_network_key and count > 0;
$$;

-- The password could not be checked: as if this one attempt had not been made.
create or replace function return_password_attempt(p_counter bytea, p_network_key text) returns void language sql as $$
  update login_throttle set failures = failures - 1, blocked_until = null where key_hash = p_counter and failures > 0;
  update rate_counters set count = count - 1 where key = p_network_key and count > 0;
$$;

-- Counts a wrong password of any account. From `p_alarming` within an hour on it is an incident, one an Indian day: passwords
-- are guessed where no single account or network notices. It says how many names were tried, and none of them.
create or replace function count_wrong_password(p_alarming integer) returns void language plpgsql as $$
declare
  counted rate_counters;
  day     text := (now() at time zone 'Asia/Kolkata')::date;
begin
  insert into rate_counters as r (key, count, resets_at) values ('wrong passwords of all', 1, now() + interval '1 hour')
  on conflict (key) do update
    set count     = case when r.resets_at <= now() then 1 else r.count + 1 end,
        resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
  returning * into counted;
  if counted.count < p_alarming then return; end if;
  if exists (select from incidents i where i.kind = 'password-guessing' and i.subject_key = day) then return; end if;
  perform open_incident('password-guessing', day, jsonb_build_object(
    'wrongPasswords', counted.count, 'since', counted.resets_at - interval '1 hour',
    'namesTried', (select count(*) from login_throttle where last_failed_at > now() - interval '1 hour')));
end $$;
