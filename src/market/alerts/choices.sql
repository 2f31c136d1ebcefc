-- What the audit says of a choice: not its link. Null where there is none.
create or replace function alert_choice_details(c alert_choices) returns jsonb language sql stable as $$
  select case when c.user_id is not null then
    jsonb_build_object('on', c.is_on, 'step', c.step, 'scope', c.scope, 'quadrant', c.quadrant, 'top', c.top,
                       'mansfield', c.mansfield, 'high', c.high, 'quietFrom', c.quiet_from, 'quietUntil', c.quiet_until,
                       'sectors', (select coalesce(jsonb_agg(s.symbol order by s.symbol), '[]')
                                   from alert_sectors s where s.user_id = c.user_id)) end
$$;

-- Saves a choice. Alerts that were off, or are about the other map now, begin with the next state, which nothing is told of.
-- `p_link` is for a first choice only; `p_wanted` has the columns under their names, and the symbols of chosen sectors.
create or replace function choose_alerts(p_user_id uuid, p_wanted jsonb, p_link text, p_actor text, p_origin jsonb)
returns void language plpgsql as $$
declare
  v_before alert_choices;
  v_after  alert_choices;
  v_told   jsonb;
begin
  perform 1 from users where id = p_user_id and deleted_at is null for no key update;   -- no choice outlives the account
  if not found then return; end if;
  select * into v_before from alert_choices where user_id = p_user_id for update;
  v_told := alert_choice_details(v_before);
  insert into alert_choices as c (user_id, is_on, step, scope, quadrant, top, mansfield, high, quiet_from, quiet_until, link)
  select p_user_id, w.is_on, w.step, w.scope, w.quadrant, w.top, w.mansfield, w.high, w.quiet_from, w.quiet_until, p_link
  from jsonb_to_record(p_wanted) w(is_on boolean, step text, scope text, quadrant boolean, top smallint, mansfield boolean,
                                   high boolean, quiet_from smallint, quiet_until smallint)
  on conflict (user_id) do update
  set is_on = excluded.is_on, step = excluded.step, scope = excluded.scope, quadrant = excluded.quadrant, top = excluded.top,
      mansfield = excluded.mansfield, high = excluded.high, quiet_from = excluded.quiet_from,
      quiet_until = excluded.quiet_until, revision = c.revision + 1, updated_at = now(),
      told_state = case when c.is_on and excluded.is_on and c.step = excluded.step then c.told_state end
  returning * into v_after;
  delete from alert_sectors where user_id = p_user_id;
  insert into alert_sectors (user_id, symbol)
  select p_user_id, i.symbol from instruments i
  where i.symbol in (select jsonb_array_elements_text(p_wanted -> 'sectors'));
  perform record_audit(p_actor, 'alerts.chosen', p_user_id => p_user_id, p_origin => p_origin, p_details =>
    jsonb_build_object('before', v_told, 'after', alert_choice_details(v_after)));
end $$;

-- Turns the alerts off for the person whose link this is; repeating it changes nothing. False: it is nobody's.
create or replace function stop_alerts(p_link text, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  v_before alert_choices;
begin
  select * into v_before from alert_choices where link = p_link for update;
  if not found then return false; end if;
  if not v_before.is_on then return true; end if;
  update alert_choices set is_on = false, told_state = null, revision = revision + 1, updated_at = now()
  where user_id = v_before.user_id;
  perform record_audit(p_actor, 'alerts.stopped', p_user_id => v_before.user_id, p_origin => p_origin,
                       p_details => jsonb_build_object('before', 'on', 'after', 'off'));
  return true;
end $$;
