-- The reason why nothing may be told of a session, null when it may: what holds up a report does, and a later session whose
-- prices are late, for then this one is not the newest any more.
create or replace function alert_lack(p_issue date) returns text language sql stable as $$
  select coalesce(report_lack(p_issue), case when newest_session(prices_late_after()) > p_issue then 'stale' end)
$$;

-- Whether somebody does not want to be written to at this instant: from one minute of the Indian day up to another, over
-- midnight where it is later. A quarter of an hour before is counted in, so that a mail has left by then.
create or replace function is_quiet(p_from int, p_until int, p_at timestamptz) returns boolean language sql immutable as $$
  select p_from is not null and (minute - p_from + 2895) % 1440 < (p_until - p_from + 1440) % 1440 + 15
  from (select (extract(hour from clock) * 60 + extract(minute from clock))::int as minute
        from (select p_at at time zone 'Asia/Kolkata' as clock) local) minutes
$$;

-- The state that a person knows: what they were told last. A digest that was not sent, its prices having changed or its mail
-- having been refused, does not count: what it was about is compared again.
create or replace function known_alert_state(c alert_choices) returns bigint language sql stable as $$
  select coalesce(
    (select d.from_state
     from alert_states s
     join alert_digests d on d.user_id = c.user_id and d.issue = s.issue and d.to_state = c.told_state
     join mails m on m.kind = 'sector-alert' and m.subject_key = concat_ws(':', d.user_id, d.issue) and m.copy = 0
     where s.id = c.told_state and m.status in ('skipped', 'dead') and m.handed_at is null),
    c.told_state)
$$;

-- Keeps where the sectors stood after a session; what is there already stays. Answers its number.
create or replace function keep_alert_state(p_issue date, p_step text, p_benchmark text, p_fingerprint text, p_standings jsonb)
returns bigint language plpgsql as $$
declare
  v_id bigint;
begin
  insert into alert_states (issue, step, benchmark, fingerprint) values (p_issue, p_step, p_benchmark, p_fingerprint)
  on conflict do nothing
  returning id into v_id;
  if v_id is null then
    select id into v_id from alert_states where issue = p_issue and step = p_step and fingerprint = p_fingerprint;
    return v_id;
  end if;
  insert into alert_standings (state_id, symbol, quadrant, ratio, momentum, rank, mansfield, rs, is_high)
  select v_id, w.symbol, w.quadrant, w.ratio, w.momentum, w.rank, w.mansfield, w.rs, w."isHigh"
  from jsonb_to_recordset(p_standings) w(symbol text, quadrant text, ratio double precision, momentum double precision,
                                         rank int, mansfield double precision, rs double precision, "isHigh" boolean)
  where w.symbol in (select symbol from instruments);
  return v_id;
end $$;

-- Writes the digests of some people about a session and moves them on to its state, in one transaction: the one never without
-- the other, whatever process dies, and each person once, however many processes do it. `p_people` are {userId, revision, told,
-- from, changes}; who changed their choice since, or was moved on, is left out. Those who may not be mailed move on without.
-- Answers how many moved on; null where the market is another by now, or nothing may be told of this session any more.
create or replace function queue_alerts(p_issue date, p_version int, p_state bigint, p_people jsonb) returns int
language plpgsql as $$
declare
  v_mine uuid[];
begin
  perform 1 from market_state where version = p_version for share;
  if not found or alert_lack(p_issue) is not null then return null; end if;
  select coalesce(array_agg(mine.user_id), '{}') into v_mine
  from (
    select c.user_id
    from jsonb_to_recordset(p_people) p("userId" uuid, revision int, told bigint)
    join alert_choices c on c.user_id = p."userId"
    where c.is_on and c.revision = p.revision and c.told_state is not distinct from p.told
    order by c.user_id
    for update of c skip locked
  ) mine;
  insert into alert_digests (user_id, issue, from_state, to_state, changes)
  select p."userId", p_issue, p."from", p_state, p.changes
  from jsonb_to_recordset(p_people) p("userId" uuid, "from" bigint, changes jsonb)
  where p."userId" = any (v_mine) and jsonb_array_length(p.changes) > 0 and exists (select from report_readers(p."userId"))
  on conflict do nothing;
  perform enqueue_mail('sector-alert', concat_ws(':', d.user_id, p_issue), d.user_id, r.name, r.email, p_bulk => true)
  from alert_digests d cross join lateral report_readers(d.user_id) r
  where d.user_id = any (v_mine) and d.issue = p_issue and d.to_state = p_state;
  update alert_choices set told_state = p_state where user_id = any (v_mine);
  return cardinality(v_mine);
end $$;
