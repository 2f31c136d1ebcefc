-- Takes the feed for somebody, or keeps it for its holder; false: somebody else has it. It is free again after two minutes
-- in which its holder did not ask. (Here and below, a time that lies further ahead than it can have been set is from before the
-- clock was put back.)
create or replace function take_feed(p_holder text) returns boolean language plpgsql as $$
begin
  update feed_state set holder = p_holder, held_until = now() + interval '2 minutes'
  where holder is null or holder = p_holder or held_until not between now() and now() + interval '2 minutes';
  return found;
end $$;

-- The sessions whose prices are missing and may be asked for now, the oldest first; one that failed three times in a row comes
-- last, so that a source that always refuses it holds up no other. From the day after the newest that is here (the last two weeks
-- again, for what came late), on a site without prices three years back: the slow formula needs 92 weeks, and a year to look
-- back on. An older day that an outage left open is asked for twenty times more. Not those that wait for a person, nor those
-- that a person dropped or took back. With `p_from` all that are missing in that span, whatever became of them, except what is
-- held.
create or replace function feed_days_due(p_invented boolean, p_from date, p_to date)
returns table (day date) language sql stable as $$
  with edges as (
    select (select b.day from benchmark_days(p_invented) b(day) order by b.day limit 1) as first_day,
           (select b.day from benchmark_days(p_invented) b(day) order by b.day desc limit 1) as last_day,
           (now() at time zone 'Asia/Kolkata')::date as today
  ), span as (
    select coalesce(p_from, case when last_day is not null then greatest(first_day, least(last_day + 1, today - 14))
                                 when not p_invented then (today - interval '3 years')::date end) as from_day,
           coalesce(p_to, newest_session(prices_due_after())) as to_day, first_day
    from edges
  ), asked as (
    select d.day::date as day from span cross join lateral generate_series(span.from_day, span.to_day, interval '1 day') d(day)
    union
    select f.day from span join feed_days f on f.day > span.first_day and f.day < span.from_day
    where p_from is null and f.state in ('waiting', 'failed') and f.tries < 20
  )
  select d.day
  from asked d
  left join feed_days f on f.day = d.day
  left join imports i on i.id = f.import_id
  where trades_on(d.day)
    and not exists (select from benchmark_days(p_invented) b(day) where b.day = d.day)
    and i.status is distinct from 'held'
    and (p_from is not null or f.day is null
         or (f.state in ('waiting', 'failed') and (f.next_at > now() and f.next_at <= now() + interval '6 hours') is not true))
  order by coalesce(f.state = 'failed' and f.tries >= 3, false), d.day
$$;

-- Notes that a day's file is not there yet ('waiting'), or what is wrong with it ('failed'), and when it is asked for again: in
-- the evening of its day every 20 minutes, later every hour, then every 6; after a wrong file twice as late each time, up to 4
-- hours.
create or replace function note_feed_day(p_day date, p_state text, p_message text) returns void language plpgsql as $$
declare
  v_age   integer := (now() at time zone 'Asia/Kolkata')::date - p_day;
  v_tries integer := 1 + coalesce((select f.tries from feed_days f where f.day = p_day and f.state = p_state), 0);
  v_after interval := case
    when p_state = 'failed' then least(interval '20 minutes' * 2 ^ least(v_tries - 1, 6), interval '4 hours')
    when v_age <= 0 then interval '20 minutes'
    when v_age = 1 then interval '1 hour'
    else interval '6 hours' end;
begin
  insert into feed_days as f (day, state, message, tries, asked_at, next_at)
  values (p_day, p_state, p_message, v_tries, now(), now() + v_after)
  on conflict (day) do update
  set state = excluded.state, message = excluded.message, tries = excluded.tries, missing = '{}', import_id = null,
      asked_at = excluded.asked_at, next_at = excluded.next_at;
end $$;

-- Notes that the source answers (null), or how it fails as a whole: then nothing is asked of it for 20 minutes, twice as long
-- after each further error, up to 4 hours.
create or replace function note_feed_source(p_message text) returns void language sql as $$
  update feed_state
  set message = p_message,
      errors = case when p_message is null then 0 else errors + 1 end,
      next_at = case when p_message is not null
                     then now() + least(interval '20 minutes' * 2 ^ least(errors, 6), interval '4 hours') end
$$;

-- For each day of an import, of more than a quarter its last ninety days: instruments that subscribers see, whose last price
-- before that day is ten days old at most, and that have none on it, in the import or among what counts; and of how many such
-- instruments.
create or replace function missing_from_import(p_import_id bigint, p_invented boolean)
returns table (day date, symbols text[], expected integer) language sql stable as $$
  with days as materialized (
    select distinct p.day from prices p
    where p.import_id = p_import_id and p.day > (select max(o.day) from prices o where o.import_id = p_import_id) - 90
  ), near as (
    select distinct p.symbol, p.day
    from prices p
    join imports i on i.id = p.import_id
    join instruments s on s.symbol = p.symbol and s.shown and s.kind <> 'benchmark'
    where p.day between (select min(d.day) from days d) - 10 and (select max(d.day) from days d)
      and (i.id = p_import_id or (i.status = 'committed' and (p_invented or i.origin <> 'sample')))
  ), placed as materialized (
    select n.symbol, n.day, lead(n.day, 1, 'infinity') over (partition by n.symbol order by n.day) as next_day from near n
  )
  select d.day, coalesce(array_agg(p.symbol order by p.symbol) filter (where p.next_day > d.day), '{}'), count(p.symbol)::int
  from days d
  left join placed p on p.day between d.day - 10 and d.day - 1 and p.next_day >= d.day
  group by d.day
$$;

-- What keeps an import from counting by itself although its lines are right, as a sentence; null: nothing. One instrument that
-- is missing is a gap that the analysis names; without the benchmark nothing can be measured, and with more than a quarter of
-- the sectors missing half the file is.
create or replace function lack_of_import(p_import_id bigint, p_invented boolean) returns text language sql stable as $$
  with unmeasured as (
    select min(d.day) as day
    from (select distinct p.day from prices p where p.import_id = p_import_id) d
    where not exists (select from benchmark_days(p_invented) b(day) where b.day = d.day)
      and not exists (select from instruments b join prices p on p.symbol = b.symbol
                      where b.kind = 'benchmark' and p.import_id = p_import_id and p.day = d.day)
  ), thin as (
    select m.day, m.symbols, m.expected
    from missing_from_import(p_import_id, p_invented) m
    where not exists (select from benchmark_days(p_invented) b(day) where b.day >= m.day)
      and cardinality(m.symbols) * 4 > m.expected
    order by m.day
    limit 1
  )
  select coalesce(
    (select 'The benchmark has no price on ' || to_char(u.day, 'FMDD Mon YYYY') || ': nothing can be measured against it.'
     from unmeasured u where u.day is not null),
    (select 'On ' || to_char(t.day, 'FMDD Mon YYYY') || ' ' || cardinality(t.symbols) || ' of ' || t.expected
            || ' instruments that traded in the days before have no price: it looks like half a file.'
     from thin t))
$$;

-- Makes an import of the feed count when it is clean, or holds it with an incident; the outcome is 'committed', 'held', or
-- 'lost': somebody else has the feed now, or the sample has ended, and nothing was done; or there is no price in it, and it was
-- dropped. Only `p_holder` decides, so that two never import one day.
create or replace function settle_feed_import(p_import_id bigint, p_holder text, p_invented boolean)
returns table (outcome text, sentence text) language plpgsql as $$
declare
  v_lack   text;
  v_answer text;
  v_reason text;
begin
  perform from feed_state f where f.holder = p_holder and f.held_until > now() for update;
  if not found then return query select 'lost', null::text; return; end if;
  -- A process that was killed leaves it behind of a file in which nothing is.
  if not exists (select from prices p where p.import_id = p_import_id) then
    perform drop_import(p_import_id, 'feed', null);
    return query select 'lost', null::text; return;
  end if;
  v_lack := lack_of_import(p_import_id, p_invented);
  if v_lack is null then v_answer := commit_import(p_import_id, null, 'feed', null); end if;
  -- Real prices were committed while more of the sample was read.
  if v_answer = 'late' then return query select 'lost', null::text; return; end if;
  v_reason := coalesce(v_lack, case v_answer
    when 'committed' then null
    when 'undecided' then 'Needs a decision: a jump that may be a split, or a name that changed.'
    when 'name-taken' then 'A new name in it belongs to another instrument.'
    when 'has-problems' then (select 'Some lines cannot be read. The first: ' || (i.problems -> 0 ->> 'sentence')
                              from imports i where i.id = p_import_id)
    else 'It cannot be committed: ' || v_answer || '.' end);
  insert into feed_days as f (day, state, message, missing, import_id, asked_at)
  select d.day, case when v_reason is null then 'committed' else 'held' end, v_reason, coalesce(m.symbols, '{}'), p_import_id, now()
  from (select distinct p.day from prices p where p.import_id = p_import_id) d
  left join missing_from_import(p_import_id, p_invented) m on m.day = d.day
  on conflict (day) do update
  set state = excluded.state, message = excluded.message, missing = excluded.missing, import_id = excluded.import_id,
      tries = 1, asked_at = excluded.asked_at, next_at = null;
  if v_reason is not null then
    perform open_incident('prices-held', p_import_id::text, jsonb_build_object('import', p_import_id, 'reason', v_reason));
  end if;
  return query select case when v_reason is null then 'committed' else 'held' end, v_reason;
end $$;

-- Notes what lies in the folder, [{name, bytes, modified_at}], and answers what is complete: unchanged for ten seconds.
create or replace function note_feed_files(p_files jsonb) returns table (id bigint, name text) language plpgsql as $$
#variable_conflict use_column
begin
  delete from feed_files f
  where f.state = 'arriving' and f.name not in (select g.name from jsonb_to_recordset(p_files) g(name text));
  insert into feed_files as f (name, bytes, modified_at, seen_at)
  select g.name, g.bytes, g.modified_at, now() from jsonb_to_recordset(p_files) g(name text, bytes bigint, modified_at timestamptz)
  on conflict (name) where state = 'arriving' do update
  set bytes = excluded.bytes, modified_at = excluded.modified_at, seen_at = excluded.seen_at
  where (f.bytes, f.modified_at) is distinct from (excluded.bytes, excluded.modified_at) or f.seen_at > excluded.seen_at;
  delete from feed_files f where f.settled_at < now() - interval '1 year';
  return query select f.id, f.name from feed_files f where f.state = 'arriving' and f.seen_at <= now() - interval '10 seconds';
end $$;

-- Somebody wants the source asked at once, whatever was waited for; with a day, that day again although a person dropped or
-- took back what had come of it. False: it was asked within the last minute.
create or replace function ask_feed_now(p_day date, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
begin
  if exists (select from feed_days f where f.state in ('waiting', 'failed') and f.asked_at > now() - interval '1 minute') then
    return false;
  end if;
  update feed_state set next_at = null;
  update feed_days set next_at = null where state in ('waiting', 'failed');
  update feed_days f set state = 'waiting', message = null, import_id = null, next_at = null, tries = 1
  where f.day = p_day
    and not exists (select from imports i where i.id = f.import_id and i.status in ('held', 'committed'));
  perform record_audit(p_actor, 'feed.asked', p_details => jsonb_strip_nulls(jsonb_build_object('day', p_day)),
                       p_origin => p_origin);
  return true;
end $$;
