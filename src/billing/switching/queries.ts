import type { Sql } from '../../platform/db.ts'

/** What a change to another plan would credit and buy, if it were paid now. Amounts in paise. */
export type SwitchPreview = {
  credits: { planTitle: string; from: Date; until: Date; unusedDays: number; creditPaise: number }[]
  creditPaise: number
  from: Date
  until: Date
  /** It would begin at once, not after days that run and are not credited. */
  startsNow: boolean
}

/** The preview of a switch to a version of a plan; undefined where nothing would be credited, so that it is not offered. */
export async function findSwitch(sql: Sql, userId: string, planKey: string): Promise<SwitchPreview | undefined> {
  const [credits, period] = await Promise.all([
    sql<SwitchPreview['credits']>`
      select plan.title as plan_title, p.starts_at as "from", p.ends_at as until, c.unused_days, c.credit_paise
      from credits_for_switch(${userId}, ${planKey}) c
      join subscription_periods p on p.id = c.period_id
      join plans plan on plan.key = p.plan_key
      order by p.starts_at
    `,
    findSwitchPeriod(sql, userId, planKey),
  ])
  if (credits.length === 0) return undefined
  return { credits, creditPaise: credits.reduce((total, { creditPaise }) => total + creditPaise, 0), ...period }
}

/** The period that a switch would give if it were paid now. */
export async function findSwitchPeriod(
  sql: Sql,
  userId: string,
  planKey: string,
): Promise<Pick<SwitchPreview, 'from' | 'until' | 'startsNow'>> {
  const [row] = await sql<Pick<SwitchPreview, 'from' | 'until' | 'startsNow'>[]>`
    select starts_at as "from", ends_at as until, starts_at <= now() as starts_now from period_of_switch(${userId}, ${planKey})
  `
  return row!
}
