import type { Services } from '../../platform/services.ts'
import { rehearseRefund } from './queries.ts'

/** The lines of a credit note, in paise; the taxes are those of the receipt, in proportion. */
export type CreditNoteLines = {
  amountPaise: number
  taxablePaise: number
  cgstPaise: number
  sgstPaise: number
  igstPaise: number
  roundOffPaise: number
}

/** What a refund would bring about once the money arrived, had it arrived now. */
export type Rehearsal = {
  /** Access afterwards, and the day the subscription then runs until. */
  hasAccess: boolean
  until: Date | null
  /** The period this payment bought ends at once. */
  endsPeriod: boolean
  /** Later periods that move forward to close the gap; those without an order were granted by an administrator. */
  moved: { orderId: string | null; planTitle: string | null; from: Date; to: Date; newFrom: Date; newTo: Date }[]
  /** None where the payment was never receipted, or all of the receipt was credited before. */
  creditNote: CreditNoteLines | null
}

/** The same as the database tells it: instants are ISO text. */
export type RehearsalRow = Omit<Rehearsal, 'until' | 'moved'> & {
  until: string | null
  moved: (Record<'from' | 'to' | 'newFrom' | 'newTo', string> & { orderId: string | null; planTitle: string | null })[]
}

/** Finds out what refunding so much would bring about, and changes nothing. Null: there is no such payment. */
export async function rehearse(deps: Services, cfPaymentId: string, amountPaise: number): Promise<Rehearsal | null> {
  const row = await rehearseRefund(deps.sql, { cfPaymentId, amountPaise, seller: deps.config.seller })
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
