-- What a person pays. A present subscriber pays the price of the version they hold until the day they were told, or always where
-- they keep it; who leaves and comes back pays the new one.

-- The version of a plan that a person is sold today. All null: the plan is not on sale.
create or replace function plan_for(p_user_id uuid, p_plan_name text) returns plans language plpgsql as $$
declare
  version plans;
  since   timestamptz;
  c       price_changes;
begin
  if exists (select from price_changes due where is_due(due)) then perform apply_price_changes(); end if;
  if not exists (select from plans where name = p_plan_name and on_sale) then return null; end if;
  version := held_version(p_user_id, p_plan_name);
  since := access_since(p_user_id);
  loop
    exit when version.key is null or version.on_sale;
    select * into c from price_changes where replaces = version.key and applied_at is not null order by id desc limit 1;
    exit when not found;
    if since <= c.effective_at and now() < coalesce(subscribers_pay_from(c), 'infinity') then return version; end if;
    select * into version from plans where key = c.plan_key;
  end loop;
  select * into version from plans where name = p_plan_name and on_sale;
  return version;
end $$;

-- From when present subscribers pay an announced price: never less than the notice after their mails went out, however long that
-- took, and not before. Null: they keep theirs.
create or replace function subscribers_pay_from(c price_changes) returns timestamptz language sql immutable as $$
  select case when c.subscribers_from is not null
              then greatest(c.subscribers_from, coalesce(c.announced_at + notice_of_a_price(), 'infinity')) end
$$;

-- The version of a plan that somebody holds: of the newest period of it that was bought and runs, is to come, or ended less than
-- a grace period ago.
create or replace function held_version(p_user_id uuid, p_plan_name text) returns plans language sql stable as $$
  select plan.*
  from subscription_periods p
  join plans plan on plan.key = p.plan_key
  join subscriptions s on s.user_id = p.user_id
  where p.user_id = p_user_id and plan.name = p_plan_name and p.order_id is not null and p.voided_at is null
    and p.ends_at + grace_period() > now() and has_access(s)
  order by p.ends_at desc limit 1
$$;

-- Since when somebody has had access without a break; days of grace are none. A period that was moved for a switch or a refund
-- counts from when it was bought. Null: there is no access now.
create or replace function access_since(p_user_id uuid) returns timestamptz language sql stable as $$
  with spans as (
    select least(p.starts_at, p.created_at) as starts_at, least(p.ends_at, p.voided_at) as ends_at
    from subscription_periods p
    where p.user_id = p_user_id and (p.voided_at is null or p.voided_at > p.starts_at)
  ), beginnings as (
    select starts_at,
           max(ends_at) over (order by starts_at, ends_at rows between unbounded preceding and 1 preceding) as ended_before
    from spans
  )
  select max(b.starts_at) from beginnings b join subscriptions s on s.user_id = p_user_id
  where has_access(s) and (b.ended_before is null or b.starts_at > b.ended_before + grace_period())
$$;

-- Whom an announced price concerns: access runs, and what they are sold of this plan is the version that it replaces. At most
-- p_limit of those who were not written to; nobody suspended or deleted.
create or replace function concerned_by(c price_changes, p_limit integer) returns setof users language sql as $$
  select u.*
  from (select distinct p.user_id from subscription_periods p
        join plans plan on plan.key = p.plan_key
        where plan.name = (select name from plans where key = c.replaces)
          and p.order_id is not null and p.voided_at is null and p.ends_at + grace_period() > now()) holding
  join users u on u.id = holding.user_id and u.deleted_at is null and u.suspended_at is null
  join subscriptions s on s.user_id = u.id and has_access(s)
  where not exists (select from mails m where m.kind = 'price-change' and m.subject_key = c.id || ':' || u.id)
    and (plan_for(u.id, (select name from plans where key = c.replaces))).key = c.replaces
  limit p_limit
$$;

-- Writes to everybody whom an announced price concerns, once each, until it counts for them; who subscribes meanwhile is written
-- to as well. Answers how many mails are new. At most p_limit of a change; announced_at says when nobody was left.
create or replace function announce_prices(p_limit integer default 2000) returns integer language plpgsql as $$
declare
  c      price_changes;
  mailed integer;
  total  integer := 0;
begin
  perform apply_price_changes();
  for c in
    select * from price_changes
    where subscribers_from is not null and withdrawn_at is null and now() < subscribers_pay_from(price_changes)
    order by id for update skip locked
  loop
    select count(enqueue_mail('price-change', c.id || ':' || u.id, u.id, u.name, u.email, p_bulk => true))
    into mailed from concerned_by(c, p_limit) u;
    if mailed < p_limit then perform note_announced(c); end if;
    total := total + mailed;
  end loop;
  return total + take_back_announcements(p_limit);
end $$;

-- Writes to those who were told of a price that was taken back afterwards, once each, unless another one is announced in its
-- place. A first mail that still waits is never sent. Answers how many mails are new.
create or replace function take_back_announcements(p_limit integer) returns integer language sql as $$
  select count(enqueue_mail('price-stays', told.subject_key, told.id, told.name, told.email, p_bulk => true))::integer
  from (
    select distinct m.subject_key, u.id, u.name, u.email from price_changes c
    join mails m on m.kind = 'price-change' and m.subject_key = c.id || ':' || m.user_id and m.status = 'sent'
    join users u on u.id = m.user_id and u.deleted_at is null and u.suspended_at is null
    where c.withdrawn_at > now() - interval '30 days'
      and not exists (select from price_changes later
                      where later.replaces = c.replaces and later.id > c.id and later.withdrawn_at is null)
      and not exists (select from mails later where later.kind = 'price-stays' and later.subject_key = m.subject_key)
    limit p_limit
  ) told
$$;

-- The price announced for the version that a person is sold, and from when they pay it. None: nothing is announced, or they
-- keep theirs.
create or replace function price_to_come(p_user_id uuid, p_plan_key text) returns table (price_paise integer, starts_at timestamptz)
language sql stable as $$
  select c.price_paise, case when holds then c.subscribers_from else c.effective_at end
  from price_changes c
  cross join lateral (
    select (held_version(p_user_id, (select name from plans where key = p_plan_key))).key is not distinct from p_plan_key as holds
  ) held
  where c.replaces = p_plan_key and c.withdrawn_at is null
    and case when holds then c.subscribers_from is not null else c.applied_at is null end
  order by c.id desc limit 1
$$;
