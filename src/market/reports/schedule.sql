-- The trading day a report due at this instant is about: the newest whose prices are out (by six in the evening, Indian
-- time), for a weekly report the last one of a week that is over.
create or replace function report_issue(p_cadence text, p_due timestamptz) returns date language sql stable as $$
  select max(d.day)
  from (select (p_due at time zone 'Asia/Kolkata' - interval '18 hours')::date as newest) known
  cross join lateral (select known.newest - back as day from generate_series(0, 20) back) d
  where trades_on(d.day)
    and (p_cadence = 'daily'
         or not exists (select from generate_series(1, 5 - extract(isodow from d.day)::int) ahead
                        where trades_on(d.day + ahead)))
$$;

-- The first instant after another at which a report is due: on its weekday, or on every day that has a new issue.
create or replace function next_report(p_cadence text, p_weekday int, p_minute int, p_after timestamptz)
returns timestamptz language sql stable as $$
  select slot
  from (select (p_after at time zone 'Asia/Kolkata')::date as today) here
  cross join lateral (
    select here.today + ahead as day, (here.today + ahead + make_interval(mins => p_minute)) at time zone 'Asia/Kolkata' as slot
    from generate_series(0, 20) ahead
  ) slots
  where p_cadence <> 'off'
    and slot > p_after
    and case p_cadence
          when 'weekly' then extract(isodow from day) = p_weekday
          else report_issue('daily', slot) is distinct from report_issue('daily', slot - interval '1 day')
        end
  order by day
  limit 1
$$;

-- The reason why nothing may be mailed about a day's prices, null when it may: they are a 'sample'; a 'held' import of that
-- day has jumps that may turn out to be splits; the benchmark's price is 'missing'; or 'half': of the sectors that traded in
-- the ten days before, more than a quarter have no price, as if only half the files were imported.
create or replace function report_lack(p_day date) returns text language sql stable as $$
  select case
    when exists (select from imports where origin = 'sample' and status = 'committed') then 'sample'
    when exists (select from imports i
                 where i.status = 'held' and i.origin <> 'sample'
                   and exists (select from prices p where p.import_id = i.id and p.day = p_day)
                   and exists (select from jumps_of_import(i.id) j where j.day <= p_day)) then 'held'
    when (select has_price(symbol, p_day, p_day) from instruments where kind = 'benchmark') is not true then 'missing'
    when (select count(*) filter (where has_price(symbol, p_day, p_day)) * 4 < count(*) * 3
          from instruments
          where kind <> 'benchmark' and shown and has_price(symbol, p_day - 10, p_day - 1)) then 'half'
  end
$$;
