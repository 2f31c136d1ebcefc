-- The partitions of webhook_events with the time they cover; null for the one that takes what no other covers.
create or replace function event_partitions() returns table (name text, from_at timestamptz, to_at timestamptz)
language sql stable set timezone = 'UTC' as $$
  select c.relname::text,
         case when bound like '%FROM (MINVALUE)%' then '-infinity' else substring(bound from 'FROM \(''([^'']+)''\)') end::timestamptz,
         substring(bound from 'TO \(''([^'']+)''\)')::timestamptz
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  cross join lateral pg_get_expr(c.relpartbound, c.oid) bound
  where i.inhparent = 'webhook_events'::regclass
$$;

-- Makes the partitions of this month and of the next `p_ahead`, and drops those in which every delivery is old: at the latest
-- `p_days` after the first of its deliveries came. One that still has a delivery to settle stays. Rows that came while their month
-- had no partition move into it. It waits two seconds for a lock at most, so that deliveries do not queue behind it; the next run
-- tries again. It runs with its owner's rights: the application's role makes no tables. Answers {made, dropped}, names.
create or replace function keep_event_partitions(p_ahead integer, p_days integer) returns jsonb
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
  month   timestamp;   -- its first midnight in Asia/Kolkata
  begins  timestamptz;
  ends    timestamptz;
  called  text;
  part    record;
  waiting boolean;
  made    text[] := '{}';
  dropped text[] := '{}';
begin
  for ahead in 0..p_ahead loop
    month := date_trunc('month', now() at time zone 'Asia/Kolkata') + make_interval(months => ahead);
    ends := (month + interval '1 month') at time zone 'Asia/Kolkata';
    called := 'webhook_events_' || to_char(month, 'YYYY_MM');
    begins := month at time zone 'Asia/Kolkata';
    continue when exists (select from event_partitions() p where p.from_at < ends and p.to_at > begins);
    execute format('create table %I (like webhook_events including defaults)', called);
    execute format('with strays as (delete from webhook_events_default where received_at >= %L and received_at < %L returning *)
                    insert into %I select * from strays', begins, ends, called);
    execute format('alter table webhook_events attach partition %I for values from (%L) to (%L)', called, begins, ends);
    made := made || called;
  end loop;
  for part in select p.name from event_partitions() p where p.to_at <= now() - make_interval(days => p_days - 31) loop
    execute format('select exists (select from %I where settled_at is null and accepted)', part.name) into waiting;
    continue when waiting;
    execute format('alter table webhook_events detach partition %I', part.name);
    -- Nobody else reaches it now. An administrator may have had one settled again since the first look.
    execute format('select exists (select from %I where settled_at is null and accepted)', part.name) into waiting;
    if waiting then raise exception 'a delivery in % waits again: the next run looks anew', part.name; end if;
    execute format('drop table %I', part.name);
    dropped := dropped || part.name;
  end loop;
  return jsonb_build_object('made', made, 'dropped', dropped);
end $$;
revoke execute on function keep_event_partitions(integer, integer) from public;
