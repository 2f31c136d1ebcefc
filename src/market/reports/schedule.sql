-- Whether a report can be about a day: the exchange was open, and later prices do not pass it over. A day without the
-- benchmark's price before one that has it was a holiday that nobody entered, or its prices never come.
create or replace function has_issue(p_day date) returns boolean language sql stable as $$
  select trades_on(p_day)
     and not exists (select from instruments b
                     where b.kind = 'benchmark' and not has_price(b.symbol, p_day, p_day)
                       and has_price(b.symbol, p_day + 1, (now() at time zone 'Asia/Kolkata')::date))
$$;

-- The trading day a report due at this instant is about: the newest whose prices are out (by six in the evening, Indian
-- time), for a weekly report the last one of a week that is over, a session on its weekend included.
create or replace function report_issue(p_cadence text, p_due timestamptz) returns date language plpgsql stable as $$
declare
  v_newest date := (p_due at time zone 'Asia/Kolkata' - prices_due_after())::date;
  v_day date;
begin
  for v_back in 0..20 loop
    v_day := v_newest - v_back;
    if has_issue(v_day)
       and (p_cadence = 'daily'
            or not exists (select from generate_series(1, 7 - extract(isodow from v_day)::int) ahead
                           where has_issue(v_day + ahead)))
    then return v_day; end if;
  end loop;
  return null;
end $$;

-- Whether a slot has an issue that the one before has not. Where a session on the weekend follows its weekday, a weekly report
-- waits for the first day on which that week is over.
create or replace function slot_has_news(p_cadence text, p_weekday int, p_slot timestamptz)
returns boolean language plpgsql stable as $$
declare
  v_before date := report_issue(p_cadence, p_slot - interval '24 hours');
  v_days_after int := (extract(isodow from p_slot at time zone 'Asia/Kolkata')::int - p_weekday + 7) % 7;
  v_regular timestamptz := p_slot - make_interval(hours => 24 * v_days_after);
  v_regular_issue date;
  v_monday date := date_trunc('week', v_regular at time zone 'Asia/Kolkata');
begin
  if p_cadence = 'weekly' then
    v_regular_issue := report_issue('weekly', v_regular);
    if v_days_after = 0 then
      v_before := report_issue('weekly', v_regular - interval '168 hours');
    elsif v_regular_issue is distinct from report_issue('weekly', v_regular - interval '168 hours')
          or v_before is distinct from v_regular_issue
          or (trades_on(v_monday + 5) or trades_on(v_monday + 6)) is not true then
      return false;
    end if;
  end if;
  return report_issue(p_cadence, p_slot) is distinct from v_before;
end $$;

-- The first instant after another at which a report is due: on its weekday, or on every day that has a new issue.
create or replace function next_report(p_cadence text, p_weekday int, p_minute int, p_after timestamptz)
returns timestamptz language plpgsql stable as $$
declare
  v_today date := (p_after at time zone 'Asia/Kolkata')::date;
  v_slot timestamptz;
begin
  if p_cadence = 'off' then return null; end if;
  for v_ahead in 0..20 loop
    v_slot := (v_today + v_ahead + make_interval(mins => p_minute)) at time zone 'Asia/Kolkata';
    if v_slot > p_after and slot_has_news(p_cadence, p_weekday, v_slot) then return v_slot; end if;
  end loop;
  return null;
end $$;

-- The reason why nothing may be mailed about a day's prices, null when it may: they are a 'sample'; a 'held' import of that
-- day asks about its prices, or has jumps that may turn out to be splits; the benchmark's price is 'missing'; or 'half': of
-- the sectors that traded in the ten days before, more than a quarter have no price, as if only half the files were imported.
create or replace function report_lack(p_day date) returns text language sql stable as $$
  select case
    when exists (select from imports where origin = 'sample' and status = 'committed') then 'sample'
    when exists (select from imports i
                 where i.status = 'held' and i.origin <> 'sample'
                   and exists (select from prices p where p.import_id = i.id and p.day = p_day)
                   and (exists (select from import_questions q where q.import_id = i.id and q.answer is null
                                and p_day between q.first_day and q.last_day)
                        or exists (select from jumps_of_import(i.id) j where j.day <= p_day))) then 'held'
    when (select has_price(symbol, p_day, p_day) from instruments where kind = 'benchmark') is not true then 'missing'
    when (select count(*) filter (where has_price(symbol, p_day, p_day)) * 4 < count(*) * 3
          from instruments
          where kind <> 'benchmark' and shown and has_price(symbol, p_day - 10, p_day - 1)) then 'half'
  end
$$;
