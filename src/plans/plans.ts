import type { Sql } from '../platform/db.ts'
import { listPlansOnSale } from './queries.ts'

/** What is on sale. `key` is versioned ('monthly_v1') and stays with orders; `name` ('monthly') stands in URLs. */
export type Plan = { key: string; name: string; title: string; pricePaise: number; months: number }

/** The plans on sale, shortest first. */
export async function plansOnSale(sql: Sql): Promise<Plan[]> {
  return listPlansOnSale(sql)
}

/** The plan on sale under this name, or undefined. */
export async function findPlan(sql: Sql, name: string): Promise<Plan | undefined> {
  return (await listPlansOnSale(sql)).find((plan) => plan.name === name)
}
