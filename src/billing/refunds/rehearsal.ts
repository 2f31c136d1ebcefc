import type { Services } from '../../platform/services.ts'
import { type Rehearsal, rehearseRefund } from './queries.ts'

/** Finds out what refunding so much would bring about, and changes nothing. Null: there is no such payment. */
export async function rehearse(
  services: Services,
  cfPaymentId: string,
  amountPaise: number,
): Promise<Rehearsal | null> {
  const row = await rehearseRefund(services.sql, { cfPaymentId, amountPaise, seller: services.config.seller })
  return (
    row && {
      ...row,
      until: row.until === null ? null : new Date(row.until),
      moved: row.moved.map(({ orderId, planTitle, ...at }) => ({
        orderId,
        planTitle,
        from: new Date(at.from),
        to: new Date(at.to),
        newFrom: new Date(at.newFrom),
        newTo: new Date(at.newTo),
      })),
    }
  )
}
