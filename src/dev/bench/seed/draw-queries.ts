import type { NameParts } from './people.ts'

/** How many accounts and orders over how many days, and the seed: the same one makes the same people. */
export type FixtureSize = { subscribers: number; orders: number; days: number; random: number }

/**
 * Statements, in groups, that draw the consistent history of a business into temporary tables: people who register, try,
 * fail, pay, renew early, late or never, and are refunded.
 */
export function drawStatements(size: FixtureSize, names: NameParts): string[][] {
  return [[tools(size)], [people(size, names)], [sales(size)], [abandoned(size), gone()], [attempts(names)]]
}

/** Drops the drawn tables. */
export const dropStatement = `
  drop table seed_people, seed_sales, seed_refunds, seed_abandoned, seed_attempts;
  drop function seed_chance(bigint, bigint), seed_daytime(timestamptz, float8), seed_order_id(timestamptz, text)`

const listed = (values: readonly string[]) => `(array['${values.join("','")}'])`
/** One of the values, by a draw from 0 to 1. */
const oneOf = (values: readonly string[], draw: string) =>
  `${listed(values)}[1 + floor(${draw} * ${values.length})::int]`

/** Functions for the draws: a random number by a seed, a time of day at which people are awake, an order id. */
const tools = ({ random }: FixtureSize) => `
  create function seed_chance(bigint, bigint) returns float8 language sql immutable as
    'select (hashint8extended($1, $2 + ${random} * 1000) & 2147483647)::float8 / 2147483648';
  create function seed_daytime(timestamptz, float8) returns timestamptz language sql stable as
    'select case when awake < now() then awake else $1 end
     from (select (date_trunc(''day'', $1 at time zone ''Asia/Kolkata'') + interval ''7 hours'' + $2 * interval ''16 hours'')
                  at time zone ''Asia/Kolkata'') day (awake)';
  create function seed_order_id(timestamptz, text) returns text language sql immutable as
    'select ''ds_'' || upper(to_hex((extract(epoch from $1) * 1000)::bigint) || substr(md5($2), 1, 15))'`

/** Who, since when, on which plan, and how often they pay. Together they never pay more than five orders in six. */
const people = (
  { subscribers, orders, days, random }: FixtureSize,
  { firstNames, lastNames, stateCodes }: NameParts,
) => `
  create unlogged table seed_people as
  with drawn as (
    select n, md5('seed ${random} ' || n)::uuid as user_id, seed_chance(n, 1) as draw,
           ${oneOf(firstNames, 'seed_chance(n, 2)')} as first_name, ${oneOf(lastNames, 'seed_chance(n, 3)')} as last_name,
           ${oneOf(stateCodes, 'seed_chance(n, 4)')} as state_code,
           seed_daytime(now() - interval '${days} days' * (1 - power(n / ${subscribers + 1}::float8, 0.75)), seed_chance(n, 5))
             as registered_at,
           case when seed_chance(n, 6) < 0.75 then 0 when seed_chance(n, 6) < 0.9 then 2 else 24 end as days_late
    from generate_series(1::bigint, ${subscribers}) n
  ), planned as (
    select *, case when draw < 0.07 then null when draw < 0.22 then 'annual_v1' else 'monthly_v1' end as plan_key,
           case when draw < 0.07 then 0
                when draw < 0.22 then 1 + (seed_chance(n, 7) < 0.5)::int
                else least(1 + floor(-ln(1 - seed_chance(n, 7)) * ${(0.95 * orders) / subscribers}),
                           1 + floor((extract(epoch from now() - registered_at) / 2592000)::float8)) end::int as wanted
    from drawn
  ), weighed as (
    select *, sum(wanted) over (order by seed_chance(n, 8), n) as so_far from planned
  )
  select n, user_id, first_name, last_name, first_name || ' ' || last_name as name, state_code, registered_at, days_late,
         plan_key, lower(first_name || '.' || last_name) || n as username,
         case when so_far <= ${orders} * 5 / 6 then wanted else 0 end as wanted
  from weighed`

/** What was paid: the chain of periods of each person, each with its order, receipt number, and refund if there is one. */
const sales = ({ random }: FixtureSize) => `
  create unlogged table seed_sales as
  with chained as (
    select p.n, k, p.user_id, p.plan_key, m.months, case m.months when 12 then 499000 else 49900 end as amount_paise,
           starts_at, ends_at, p.n * 100 + k as dice,
           case when k = 1 or days_late > 0 then starts_at
                else starts_at - floor(seed_chance(p.n * 100 + k, 10) * 6) * interval '1 day' end as paid_at
    from seed_people p
    cross join lateral (select case p.plan_key when 'annual_v1' then 12 else 1 end as months) m
    cross join lateral (select registered_at + interval '90 seconds' + seed_chance(p.n, 9) * interval '6 minutes' as at) first
    cross join lateral generate_series(1, p.wanted) k
    cross join lateral (select anchored_months_later(first.at, (k - 1) * m.months, day_of_month_in_india(first.at)) + (k - 1) * days_late * interval '1 day' as starts_at,
                               anchored_months_later(first.at, k * m.months, day_of_month_in_india(first.at)) + (k - 1) * days_late * interval '1 day' as ends_at) period
  ), paid as (
    select *, lead(paid_at) over (partition by n order by k) as next_at
    from chained where paid_at < now() - interval '1 minute'
  ), dealt as (
    select *,
           case when paid_at > now() - interval '6 days' or seed_chance(dice, 11) >= 0.012 then null
                when seed_chance(dice, 11) < 0.0002 then 'failed'
                when seed_chance(dice, 11) < 0.002 then 'part'
                when next_at is null then 'full' end as refund,
           paid_at + interval '8 hours' + seed_chance(dice, 12) * interval '3 days' as refund_asked_at,
           case when seed_chance(dice, 13) < 0.03 then 'reconciler' when seed_chance(dice, 13) < 0.1 then 'return' else 'webhook' end as actor
    from paid
  ), voided as (
    select *, seed_order_id(paid_at - interval '80 seconds', '${random}:' || dice) as order_id,
           paid_at - interval '80 seconds' as created_at, financial_year_of(paid_at) as year,
           case when refund = 'full' then refund_asked_at + interval '20 hours' end as voided_at
    from dealt
  )
  select *, (row_number() over (partition by year order by paid_at, dice))::int as serial,
         -- A renewal that was given back does not prolong what ran on after it.
         case when (lead(voided_at) over chain) is null or ends_at <= lead(voided_at) over chain then next_at end as renewed_at
  from voided
  window chain as (partition by n order by k)`

/** Orders that nobody paid: of those who never did, and of all kinds of people on second thoughts. */
const abandoned = ({ subscribers, orders, random }: FixtureSize) => `
  create unlogged table seed_abandoned as
  with wanted as (
    select ${orders} - (select count(*) from seed_sales) as many
  ), never as (
    select n, 0::bigint as again from seed_people where wanted = 0 and seed_chance(n, 20) < 0.85 limit (select many from wanted)
  ), again as (
    select 1 + floor(seed_chance(a, 21) * ${subscribers})::bigint, a
    from generate_series(1::bigint, (select many - (select count(*) from never) from wanted)) a
  ), placed as (
    select p.n, p.user_id, coalesce(p.plan_key, 'monthly_v1') as plan_key, again,
           least(case when again = 0 then registered_at + interval '20 seconds'
                      else seed_daytime(greatest(registered_at + interval '1 day',
                             registered_at + seed_chance(again, 22) * (now() - registered_at)), seed_chance(again, 23)) end,
                 now() - interval '46 minutes' - seed_chance(again + p.n, 24) * interval '3 hours') as created_at
    from (select * from never union all select * from again) drawn
    join seed_people p using (n)
  )
  select *, seed_order_id(created_at, '${random}:' || n || ':' || again) as order_id, 1000 * again + n as dice,
         case plan_key when 'annual_v1' then 499000 else 49900 end as amount_paise
  from placed`

/** Money that went back, or should have. */
const gone = () => `
  create unlogged table seed_refunds as
  select s.order_id, s.user_id, s.year as receipt_year, s.serial as receipt_serial, s.refund,
         case s.refund when 'part' then 10000 else s.amount_paise end as amount_paise, s.refund_asked_at as asked_at,
         done.at as finished_at, financial_year_of(done.at) as year,
         (row_number() over (partition by financial_year_of(done.at), refund = 'failed' order by done.at, order_id))::int as serial
  from seed_sales s
  cross join lateral (select s.refund_asked_at + interval '20 hours' as at) done
  where s.refund is not null`

/** Every attempt to pay: successes, failures before them and instead of them, and the rare second payment. */
const attempts = ({ failureReasons, leavingReasons, methods }: NameParts) => `
  create unlogged table seed_attempts as
  with tried as (
    select order_id, user_id, amount_paise, paid_at as at, 'SUCCESS' as status, true as applied, actor, dice, null::text as reason from seed_sales
    union all
    select order_id, user_id, amount_paise, paid_at - interval '40 seconds', 'FAILED', false, 'webhook', dice,
           ${oneOf(failureReasons, 'seed_chance(dice, 31)')} from seed_sales where seed_chance(dice, 30) < 0.11
    union all
    select order_id, user_id, amount_paise, paid_at + interval '40 seconds', 'SUCCESS', false, 'webhook', dice, null
    from seed_sales where seed_chance(dice, 32) < 0.0003 and refund is null and paid_at < now() - interval '1 hour'
    union all
    select order_id, user_id, amount_paise, created_at + interval '1 minute' + seed_chance(dice, 34) * interval '9 minutes',
           case when seed_chance(dice, 33) < 0.38 then 'FAILED' else 'USER_DROPPED' end, false, 'webhook', dice,
           case when seed_chance(dice, 33) < 0.38 then ${oneOf(failureReasons, 'seed_chance(dice, 35)')}
                else ${oneOf(leavingReasons, 'seed_chance(dice, 35)')} end
    from seed_abandoned where seed_chance(dice, 33) < 0.55
  )
  select *, (5000000000 + row_number() over (order by at, dice))::text as cf_payment_id,
         ${oneOf(methods, 'seed_chance(dice, 36)')} as method
  from tried`
