import type { Sql } from '../../platform/db.ts'

/** How far one source gets: views of public pages, of the front page among them, registrations, and those that paid since. */
export type SourceFunnel = { source: string; views: number; front: number; registrations: number; paid: number }

/** Every source of the last `days` Indian days, today included, those with the most registrations first. */
export async function listSources(sql: Sql, days: number): Promise<SourceFunnel[]> {
  return sql<SourceFunnel[]>`
    with seen as (
      select source, sum(views)::int as views, coalesce(sum(views) filter (where page = '/'), 0)::int as front
      from visits
      where day > (now() at time zone 'Asia/Kolkata')::date - ${days}::int
      group by source
    ), registered as (
      select r.source, count(*)::int as registrations,
             count(*) filter (where exists (select from orders o where o.user_id = r.user_id and o.paid_at is not null))::int
               as paid
      from registration_sources r
      join users u on u.id = r.user_id and u.role = 'subscriber'
      where (r.registered_at at time zone 'Asia/Kolkata')::date > (now() at time zone 'Asia/Kolkata')::date - ${days}::int
      group by r.source
    )
    select source, coalesce(views, 0) as views, coalesce(front, 0) as front,
           coalesce(registrations, 0) as registrations, coalesce(paid, 0) as paid
    from seen
    full join registered using (source)
    order by paid desc, registrations desc, views desc, source
  `
}

/** How often each public page was opened in the last `days` days. */
export async function listPages(sql: Sql, days: number): Promise<{ page: string; views: number }[]> {
  return sql<{ page: string; views: number }[]>`
    select page, sum(views)::int as views
    from visits
    where day > (now() at time zone 'Asia/Kolkata')::date - ${days}::int
    group by page
    order by views desc, page
  `
}
