-- The ladder of reminders: what is due when, and who is not reminded.

-- The steps around an end, as days after the Indian day of the end: a week, three days and a day before, the day itself, the first
-- and the last day of grace, and three and fourteen days after access stopped.
create or replace function renewal_steps(p_grace_days integer) returns table (step text, days integer) language sql immutable as $$
  values ('7', -7), ('3', -3), ('1', -1), ('0', 0), ('after-3', p_grace_days + 3), ('after-14', p_grace_days + 14)
  union all select 'grace-first', 1 where p_grace_days >= 1
  union all select 'grace-last', p_grace_days where p_grace_days >= 2
$$;

-- The step that is due on an Indian day for an end; null: none. A step that was missed (nothing ran) is due the day after too, unless
-- the next one is.
create or replace function renewal_step(p_ends_on date, p_today date, p_grace_days integer) returns text language sql immutable as $$
  select step from renewal_steps(p_grace_days)
  where p_today - p_ends_on between days and days + 1
  order by days desc limit 1
$$;

-- Who may be reminded of anything: nobody who stopped it, withdrew their consent, is suspended or gone.
create or replace function may_be_reminded(u users) returns boolean language sql immutable as $$
  select u.role = 'subscriber' and u.deleted_at is null and u.suspended_at is null and u.reminders_stopped_at is null
         and u.consent_withdrawn_at is null
$$;

-- Writes the reminders of renewals that are due, each once, never two to one person on a day, and queues their mails. Where days
-- were granted for no longer than a step is ahead, the mail about them has just said when they end. Answers how many.
create or replace function queue_renewal_reminders() returns integer language plpgsql as $$
declare
  grace   integer := extract(day from grace_period());
  today   date := (now() at time zone 'Asia/Kolkata')::date;
  written integer;
begin
  if not reminders_may_go_now() then return 0; end if;
  with due as (
    select s.user_id, (s.current_period_end at time zone 'Asia/Kolkata')::date as ends_on, plan_to_offer(s) as plan_name, u.name, u.email,
           renewal_step((s.current_period_end at time zone 'Asia/Kolkata')::date, today, grace) as step
    from subscriptions s join users u on u.id = s.user_id
    where s.current_period_end between now() - make_interval(days => grace + 16) and now() + interval '9 days'
      and s.status in ('active', 'grace', 'expired') and s.cancel_requested_at is null and may_be_reminded(u)
      and (s.is_paid or s.current_period_end <= now() or s.current_period_start < s.current_period_end - make_interval(days =>
             case when s.current_period_end < now() + interval '1 day' then 1 else 7 end))
  ), new as (
    insert into reminders (user_id, ladder, about, step, plan_name)
    select due.user_id, 'renewal', due.ends_on::text, due.step, due.plan_name from due
    where due.step is not null and due.plan_name is not null and not reminded_today(due.user_id)
    on conflict do nothing
    returning user_id, about, step
  )
  select count(enqueue_mail('renewal', new.user_id || ':' || new.about || ':' || new.step, new.user_id, due.name, due.email))
  into written from new join due using (user_id, step);
  return written;
end $$;

-- A reminder of a renewal that another mail carries, so that its link is one of a reminder.
create or replace function note_reminder(p_user_id uuid, p_about text, p_step text, p_plan_name text) returns void language sql as $$
  insert into reminders (user_id, ladder, about, step, plan_name) values (p_user_id, 'renewal', p_about, p_step, p_plan_name)
  on conflict do nothing
$$;

-- Whether a reminder was written or sent to somebody on this Indian day; one that was written in the evening leaves in the morning.
create or replace function reminded_today(p_user_id uuid) returns boolean language sql stable as $$
  with today as (select date_trunc('day', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata' as began)
  select exists (select from reminders, today where user_id = p_user_id and queued_at >= began)
      or exists (select from mails, today where user_id = p_user_id and kind in ('renewal', 'rescue', 'autopay-failed') and sent_at >= began)
$$;

-- Writes the reminders of what was begun and not paid: an hour, a day and three days after the newest order of somebody without
-- access, who never had any or opened it after it ended, or after registration where none was opened. An address that nobody
-- confirmed gets one in all.
create or replace function queue_rescue_reminders() returns integer language plpgsql as $$
declare
  written integer;
begin
  if not reminders_may_go_now() then return 0; end if;
  with begun as (
    select u.id as user_id, u.name, u.email, u.email_verified_at is not null as is_confirmed,
           coalesce(o.id, 'registration') as about, coalesce(o.created_at, u.created_at) as at,
           coalesce(o.plan_name, plan_to_offer(s)) as plan_name
    from (
      select user_id from orders where created_at > now() - interval '5 days'
      union select id from users where created_at > now() - interval '5 days'
    ) recent
    join users u on u.id = recent.user_id
    join subscriptions s on s.user_id = u.id
    left join lateral (
      select o.id, o.created_at, o.paid_at, plan.name as plan_name from orders o join plans plan on plan.key = o.plan_key
      where o.user_id = u.id and o.purpose = 'period' order by o.created_at desc, o.id desc limit 1
    ) o on true
    where may_be_reminded(u) and o.paid_at is null
      and (s.status = 'pending' or (s.status in ('expired', 'cancelled') and o.created_at > s.current_period_end))
      and coalesce(o.created_at, u.created_at) between now() - interval '5 days' and now() - interval '1 hour'
      and exists (select from plans p where p.on_sale and p.name = coalesce(o.plan_name, plan_to_offer(s)))
  ), due as (
    select begun.*, case when at < now() - interval '72 hours' then '72h' when at < now() - interval '24 hours' then '24h' else '1h' end as step
    from begun
  ), new as (
    insert into reminders (user_id, ladder, about, step, plan_name)
    select user_id, 'rescue', about, step, plan_name from due
    where (is_confirmed or not exists (select from reminders r where r.user_id = due.user_id and r.ladder = 'rescue'))
      and not reminded_today(user_id)
      and (select count(*) from reminders r where r.user_id = due.user_id and r.queued_at > now() - interval '7 days') < 3
    on conflict do nothing
    returning user_id, about, step
  )
  select count(enqueue_mail('rescue', new.user_id || ':' || new.about || ':' || new.step, new.user_id, due.name, due.email))
  into written from new join due using (user_id, about, step);
  return written;
end $$;
