import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** With which plan somebody goes on: the one bought last, and the one they chose for when it has ended, if they did. */
export type PlanToCome = {
  lastName: string | null
  lastTitle: string | null
  lastMonths: number | null
  nextName: string | null
  nextTitle: string | null
}

/** See `PlanToCome`; every account has one. */
export async function findPlanToCome(sql: Sql, userId: string): Promise<PlanToCome> {
  const [row] = await sql<PlanToCome[]>`
    select last.name as last_name, last.title as last_title, last.months as last_months,
           s.next_plan as next_name, (select title from plans where name = s.next_plan order by on_sale desc limit 1) as next_title
    from subscriptions s
    left join lateral (
      select plan.name, plan.title, plan.months
      from subscription_periods p join plans plan on plan.key = p.plan_key
      where p.user_id = s.user_id and p.voided_at is null
      order by p.ends_at desc limit 1
    ) last on true
    where s.user_id = ${userId}
  `
  return row!
}

/** Chooses the plan for when what runs has ended, null takes the choice back; see choose_next_plan for the answers. */
export async function chooseNextPlan(sql: Sql, userId: string, planName: string | null, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select choose_next_plan(${userId}, ${planName}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}
