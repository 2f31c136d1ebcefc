-- What the audit says of a choice: not its link. Null where there is none.
create or replace function report_choice_details(c report_choices) returns jsonb language sql stable as $$
  select case when c.user_id is not null then
    jsonb_build_object('cadence', c.cadence, 'weekday', c.weekday, 'minute', c.minute, 'ranks', c.ranks, 'heat', c.heat,
                       'map', c.map, 'excess', c.excess, 'starred', c.starred) end
$$;

-- Saves a choice; the next report is due at its next time from now on. Of `p_wanted` (cadence, weekday, minute, ranks, heat, map,
-- excess, starred) the last two may be missing: then they stay. `p_link` is for a first choice only.
create or replace function save_report_choice(p_user_id uuid, p_wanted jsonb, p_link text, p_actor text, p_origin jsonb)
returns void language plpgsql as $$
declare
  v_before report_choices;
  v_after  report_choices;
  v_wanted report_choices := jsonb_populate_record(null::report_choices, p_wanted);
begin
  perform 1 from users where id = p_user_id and deleted_at is null for share;   -- no choice outlives the account
  if not found then return; end if;
  select * into v_before from report_choices where user_id = p_user_id;
  insert into report_choices as c (user_id, cadence, weekday, minute, ranks, heat, map, excess, starred, link, next_due_at)
  values (p_user_id, v_wanted.cadence, v_wanted.weekday, v_wanted.minute, v_wanted.ranks, v_wanted.heat, v_wanted.map,
          coalesce(v_wanted.excess, false), coalesce(v_wanted.starred, false), p_link,
          next_report(v_wanted.cadence, v_wanted.weekday, v_wanted.minute, now()))
  on conflict (user_id) do update
  set cadence = excluded.cadence, weekday = excluded.weekday, minute = excluded.minute, ranks = excluded.ranks,
      heat = excluded.heat, map = excluded.map, excess = coalesce(v_wanted.excess, c.excess),
      starred = coalesce(v_wanted.starred, c.starred), updated_at = now(),
      -- Another section is no reason to miss the report that waits for its prices right now.
      next_due_at = case when (c.cadence, c.weekday, c.minute) = (excluded.cadence, excluded.weekday, excluded.minute)
                         then c.next_due_at else excluded.next_due_at end
  returning * into v_after;
  perform record_audit(p_actor, 'reports.chosen', p_user_id => p_user_id, p_origin => p_origin, p_details =>
    jsonb_build_object('before', report_choice_details(v_before), 'after', report_choice_details(v_after)));
end $$;

-- As processes of the release before call it.
create or replace function choose_reports(
  p_user_id uuid, p_cadence text, p_weekday int, p_minute int, p_ranks boolean, p_heat boolean, p_map boolean, p_link text,
  p_actor text, p_origin jsonb
) returns void language sql as $$
  select save_report_choice(p_user_id, jsonb_build_object('cadence', p_cadence, 'weekday', p_weekday, 'minute', p_minute,
                                                          'ranks', p_ranks, 'heat', p_heat, 'map', p_map),
                            p_link, p_actor, p_origin)
$$;

-- Turns the reports off for the person whose link this is; repeating it changes nothing. False: it is nobody's.
create or replace function stop_reports(p_link text, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  v_before report_choices;
begin
  select * into v_before from report_choices where link = p_link for update;
  if not found then return false; end if;
  if v_before.cadence = 'off' then return true; end if;
  update report_choices set cadence = 'off', next_due_at = null, updated_at = now() where user_id = v_before.user_id;
  perform record_audit(p_actor, 'reports.stopped', p_user_id => v_before.user_id, p_origin => p_origin,
                       p_details => jsonb_build_object('before', v_before.cadence, 'after', 'off'));
  return true;
end $$;

-- Replaces a person's link, if they have one; those in mails that were sent open nothing from now on.
create or replace function renew_report_link(p_user_id uuid, p_link text, p_actor text, p_origin jsonb)
returns void language plpgsql as $$
begin
  update report_choices set link = p_link, updated_at = now() where user_id = p_user_id;
  if not found then return; end if;
  perform record_audit(p_actor, 'reports.link-renewed', p_user_id => p_user_id, p_origin => p_origin);
end $$;

-- Queues a report for now, and counts it: at most `p_most` on an Indian day. The same key again is the same. False: as many
-- as may be were queued today. `p_link` is for a person who has none yet.
create or replace function queue_report_now(
  p_user_id uuid, p_key text, p_link text, p_most int, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  v_subject text := p_user_id || ':now:' || p_key;
  v_mail    bigint;
begin
  perform 1 from users where id = p_user_id and deleted_at is null for share;
  if not found then return false; end if;
  insert into report_choices as c (user_id, link, asked_on, asked, asked_key)
  values (p_user_id, p_link, (now() at time zone 'Asia/Kolkata')::date, 1, p_key)
  on conflict (user_id) do update
  set asked = case when c.asked_on = excluded.asked_on then c.asked + 1 else 1 end, asked_on = excluded.asked_on,
      asked_key = excluded.asked_key
  where c.asked_key is distinct from excluded.asked_key
    and (c.asked_on is distinct from excluded.asked_on or c.asked < p_most);
  if found then
    select enqueue_mail('report', v_subject, p_user_id, r.name, r.email) into v_mail from report_readers(p_user_id) r;
  end if;
  if v_mail is not null then
    perform record_audit(p_actor, 'reports.asked', p_user_id => p_user_id, p_origin => p_origin);
    return true;
  end if;
  return exists (select from mails where kind = 'report' and subject_key = v_subject);
end $$;
