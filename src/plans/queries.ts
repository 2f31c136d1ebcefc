import type { Sql } from '../platform/db.ts'
import type { Plan } from './plans.ts'

/** Which plans can be bought now? */
export async function listPlansOnSale(sql: Sql): Promise<Plan[]> {
  return sql<Plan[]>`
    select key, name, title, price_paise, months
    from plans
    where on_sale
    order by months, price_paise
  `
}
