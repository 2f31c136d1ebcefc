import type { PlanOnSale } from '../../billing/plans/queries.ts'
import { type PlanAsJson, plansForAsJson, plansIn } from '../../billing/pricing/queries.ts'
import {
  phasesIn,
  type Subscription,
  type SubscriptionRow,
  subscriptionColumns,
} from '../../billing/subscriptions/queries.ts'
import type { Sql } from '../../platform/db.ts'
import type { MarketVersion } from '../version/queries.ts'

/**
 * What a look at the dashboard needs to know of its reader: where their subscription stands, the plans as they are sold them, the
 * symbols that they starred, and whether they have money under way (money_under_way says which). `version` is the market's.
 */
export type Reader = {
  subscription: Subscription
  plans: PlanOnSale[]
  stars: ReadonlySet<string>
  hasMoneyUnderWay: boolean
  version: MarketVersion
}

type ReaderRow = SubscriptionRow & MarketVersion & { plans: PlanAsJson[]; stars: string[]; hasMoneyUnderWay: boolean }

/** All of it in one statement: sending one costs this process as much as what it then does with the answer. */
export async function findReader(sql: Sql, userId: string): Promise<Reader> {
  const [row] = await sql<ReaderRow[]>`
    select ${subscriptionColumns(sql)},
           ${plansForAsJson(sql, userId)} as plans,
           to_jsonb(array(select symbol from stars where user_id = ${userId} order by symbol)) as stars,
           exists (select from money_under_way(${userId})) as has_money_under_way,
           m.version::int, m.changed_at
    from subscriptions s
    cross join market_state m
    left join plans p on p.key = running_plan(s)
    where s.user_id = ${userId}
  `
  if (!row) throw new Error('an account without a subscription row')
  const { plans, stars, hasMoneyUnderWay, version, changedAt, ...subscription } = row
  return {
    subscription: { ...subscription, phases: phasesIn(subscription.phases) },
    plans: plansIn(plans),
    stars: new Set(stars),
    hasMoneyUnderWay,
    version: { version, changedAt },
  }
}
