-- Who may be mailed reports now: access runs, the address is confirmed, and nobody closed the account.
create or replace function report_readers(p_user_id uuid) returns table (name text, email text) language sql stable as $$
  select u.name, u.email
  from users u
  join subscriptions s on s.user_id = u.id
  where u.id = p_user_id and has_access(s) and u.email_verified_at is not null
    and u.suspended_at is null and u.deleted_at is null and u.consent_withdrawn_at is null
$$;

-- Queues the mails of some who wait in a slot (the people with one cadence, due at one time) and moves them on to the next,
-- in one transaction: the one never without the other, whatever process dies. Those who may not be mailed now move on
-- without. Answers how many moved on; 0 when nobody waits any more.
create or replace function queue_reports(
  p_cadence text, p_due_at timestamptz, p_next_at timestamptz, p_issue date, p_limit int
) returns int language plpgsql as $$
declare
  v_due uuid[] := people_due(p_cadence, p_due_at, null, p_limit);
begin
  perform enqueue_mail('report', concat_ws(':', d.user_id, p_cadence, p_issue), d.user_id, r.name, r.email, p_bulk => true)
  from unnest(v_due) d(user_id) cross join lateral report_readers(d.user_id) r;
  update report_choices set next_due_at = p_next_at where user_id = any (v_due);
  return cardinality(v_due);
end $$;

-- Mails some who wait in a slot, once, that its report is late, unless it is queued. Answers how many it was decided for; 0
-- when nobody is left.
create or replace function announce_late_reports(p_cadence text, p_due_at timestamptz, p_issue date, p_limit int)
returns int language plpgsql as $$
declare
  v_due uuid[] := people_due(p_cadence, p_due_at, p_issue, p_limit);
begin
  perform enqueue_mail('report-late', concat_ws(':', d.user_id, p_cadence, p_issue), d.user_id, r.name, r.email,
                       p_bulk => true)
  from unnest(v_due) d(user_id) cross join lateral report_readers(d.user_id) r
  where not exists (select from mails m
                    where m.kind = 'report' and m.subject_key = concat_ws(':', d.user_id, p_cadence, p_issue));
  update report_choices set told_late_of = p_issue where user_id = any (v_due);
  return cardinality(v_due);
end $$;

-- Some who wait in a slot, locked, without those whom another process has. With `p_late_issue` only those who
-- were not mailed yet that the report of this issue is late.
create or replace function people_due(p_cadence text, p_due_at timestamptz, p_late_issue date, p_limit int)
returns uuid[] language sql as $$
  select coalesce(array_agg(user_id), '{}')
  from (
    select user_id from report_choices
    where cadence = p_cadence and next_due_at = p_due_at
      and (p_late_issue is null or told_late_of is distinct from p_late_issue)
    order by user_id
    limit p_limit
    for update skip locked
  ) due
$$;
