import type { Sql } from '../../platform/db.ts'

/** What a number names: the page of it is known by kind and id. */
export type Named = { kind: 'order' | 'refund' | 'complaint' | 'coupon'; id: string }

/** What has exactly this number or code. Each part is one step through an index. */
export async function findNamed(sql: Sql, text: string): Promise<Named[]> {
  return sql<Named[]>`
    with refund as materialized (
      select id from refunds where id = ${text}
      union
      select id from refunds where bank_reference = ${text}
      union
      select refund_id from credit_notes where number = upper(${text}) and refund_id is not null
    )
    select 'refund' as kind, id from refund
    union all
    select 'order', o.id from orders_named(${text}) as o(id) where not exists (select from refund)
    union all
    select 'complaint', number from complaints where number = upper(${text})
    union all
    select 'coupon', code from coupons where code = upper(${text})
    limit 20
  `
}
