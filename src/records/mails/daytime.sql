-- Reminders are written and sent between 09:00 and 20:00 in India; one whose hour has passed waits for the next morning.
create or replace function is_daytime_in_india(p_at timestamptz) returns boolean language sql immutable as $$
  select extract(hour from p_at at time zone 'Asia/Kolkata') between 9 and 19
$$;

create or replace function reminders_may_go_now() returns boolean language sql stable as $$
  select is_daytime_in_india(now())
$$;
