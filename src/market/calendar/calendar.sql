-- Whether the exchange is open on a day: a weekday that is no holiday, or a special session.
create or replace function trades_on(p_day date) returns boolean language sql stable as $$
  select exists (select from special_sessions s where s.day = p_day)
      or (extract(isodow from p_day) < 6 and not exists (select from holidays h where h.day = p_day))
$$;

-- How far into its Indian day the prices of a session are due, and how far they are late: NSE publishes them between six and
-- eight in the evening, and those of an evening session (Muhurat) within two hours of its end. The line about prices that are
-- due (engine/freshness.ts) begins at the same time.
create or replace function prices_due_after() returns interval language sql immutable as $$ select interval '18 hours' $$;
create or replace function prices_late_after() returns interval language sql immutable as $$ select interval '21 hours' $$;

-- When the prices of a day are late.
create or replace function prices_late_at(p_day date) returns timestamptz language sql immutable as $$
  select (p_day + prices_late_after()) at time zone 'Asia/Kolkata'
$$;

-- The newest session that is so far into its Indian day.
create or replace function newest_session(p_after interval) returns date language sql stable as $$
  select max(d.day)
  from (select (now() at time zone 'Asia/Kolkata' - p_after)::date as newest) known
  cross join lateral (select known.newest - back as day from generate_series(0, 20) back) d
  where trades_on(d.day)
$$;

-- Adds holidays and special sessions (JSON arrays of {day, name}), or names known ones anew. Answers how many of each changed.
create or replace function save_calendar(p_holidays jsonb, p_sessions jsonb, p_actor text, p_origin jsonb)
returns table (holidays integer, sessions integer) language plpgsql as $$
declare
  v_holidays jsonb;
  v_sessions jsonb;
begin
  with saved as (
    insert into holidays as known (day, name)
    select given.day, given.name from jsonb_to_recordset(p_holidays) as given(day date, name text) order by 1
    on conflict (day) do update set name = excluded.name where known.name <> excluded.name
    returning known.day, known.name
  )
  select coalesce(jsonb_agg(s.day || ' ' || s.name order by s.day), '[]') into v_holidays from saved s;
  with saved as (
    insert into special_sessions as known (day, name)
    select given.day, given.name from jsonb_to_recordset(p_sessions) as given(day date, name text) order by 1
    on conflict (day) do update set name = excluded.name where known.name <> excluded.name
    returning known.day, known.name
  )
  select coalesce(jsonb_agg(s.day || ' ' || s.name order by s.day), '[]') into v_sessions from saved s;
  if v_holidays || v_sessions <> '[]' then
    perform market_changed();
    perform record_audit(p_actor, 'calendar.saved', p_origin => p_origin,
                         p_details => jsonb_build_object('holidays', v_holidays, 'sessions', v_sessions));
  end if;
  return query select jsonb_array_length(v_holidays), jsonb_array_length(v_sessions);
end $$;

-- Removes a holiday: the exchange was open after all. False: it is no holiday.
create or replace function remove_holiday(p_day date, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  v_name text;
begin
  delete from holidays where day = p_day returning name into v_name;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'holiday.removed', p_details => jsonb_build_object('day', p_day, 'name', v_name),
                       p_origin => p_origin);
  return true;
end $$;

-- Removes a special session: the exchange keeps to its week, or stays closed on the holiday. False: there is none.
create or replace function remove_special_session(p_day date, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  v_name text;
begin
  delete from special_sessions where day = p_day returning name into v_name;
  if not found then return false; end if;
  perform market_changed();
  perform record_audit(p_actor, 'session.removed', p_details => jsonb_build_object('day', p_day, 'name', v_name),
                       p_origin => p_origin);
  return true;
end $$;
