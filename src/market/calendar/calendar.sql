-- Whether the exchange is open on a day: a weekday that is no holiday, or a special session.
create or replace function trades_on(p_day date) returns boolean language sql stable as $$
  select exists (select from special_sessions s where s.day = p_day)
      or (extract(isodow from p_day) < 6 and not exists (select from holidays h where h.day = p_day))
$$;

-- Adds holidays (a JSON array of {day, name}), or names known ones anew. Answers how many that changed.
create or replace function save_holidays(p_holidays jsonb, p_actor text, p_origin jsonb) returns integer language plpgsql as $$
declare
  v_saved jsonb;
begin
  with saved as (
    insert into holidays (day, name)
    select day, name from jsonb_to_recordset(p_holidays) as given(day date, name text)
    on conflict (day) do update set name = excluded.name where holidays.name <> excluded.name
    returning day, name
  )
  select jsonb_agg(day || ' ' || name order by day) into v_saved from saved;
  if v_saved is null then return 0; end if;
  perform market_changed();
  perform record_audit(p_actor, 'holidays.saved', p_details => jsonb_build_object('holidays', v_saved), p_origin => p_origin);
  return jsonb_array_length(v_saved);
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
