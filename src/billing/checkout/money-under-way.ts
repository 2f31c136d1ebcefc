import { dateTimeInIndia } from '../../platform/dates.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { rupees } from '../../platform/money.ts'
import { findMoneyUnderWay, type MoneyRow } from './queries.ts'

/**
 * An order whose money may be moving, and what pages say of it: `chip` is one to three words, the others are sentences. `key`
 * changes whenever what is shown changes.
 */
export type MoneyUnderWay = MoneyRow & Texts & { key: string }
type Texts = { chip: string; title: string; happening: string; toDo: string }

/**
 * The orders of a person whose money may be moving already, newest first; see money-under-way.sql for the states and how
 * each ends. Every place that offers to take money asks this first, and shows these orders instead where there are any.
 */
export async function moneyUnderWay(sql: Sql, userId: string): Promise<MoneyUnderWay[]> {
  return (await findMoneyUnderWay(sql, userId)).map((row) => ({
    ...row,
    ...textsFor(row),
    key: `${row.orderId}.${row.state}${row.mayPayAgain ? '.again' : ''}`,
  }))
}

/** The refusal to open or hand out anything that could be paid while money is under way. */
export class PaymentUnderWay extends AppError {
  constructor(money: MoneyUnderWay) {
    super('conflict', sentenceFor(money))
  }
}

/** Throws PaymentUnderWay (an AppError `conflict`) where a second payment must not be asked for. */
export async function refuseWhileUnderWay(sql: Sql, userId: string): Promise<void> {
  const [money] = await moneyUnderWay(sql, userId)
  if (money) throw new PaymentUnderWay(money)
}

/** One paragraph, for answers that are not pages. */
function sentenceFor({ happening, toDo, orderId }: MoneyUnderWay): string {
  return `${happening} ${toDo} Order ${orderId}.`
}

/** Names what a page shows of all these orders; a poll compares it to see whether anything changed. */
export function fingerprintOf(underWay: readonly MoneyUnderWay[]): string {
  return underWay.map(({ key }) => key).join('_')
}

/** Whether it is a debit under a mandate that stands, not the first one, with which it is approved. */
const isCharge = ({ orderId }: MoneyRow) => orderId.startsWith('c_')

function textsFor(money: MoneyRow): Texts {
  const sum = rupees(money.amountPaise)
  const plan = `the ${money.planTitle.toLowerCase()} plan`
  const since = dateTimeInIndia(money.since)
  switch (money.state) {
    case 'pending':
      return {
        chip: 'Payment at the bank',
        title: 'Confirming your payment',
        happening: `You began to pay ${sum} for ${plan} on ${since}; your bank has not said yet whether it goes through.`,
        toDo: 'There is nothing to do: please wait, and do not pay a second time. If the bank refuses, nothing is lost and you can try again; we mail you when it is through.',
      }
    case 'confirming':
      return {
        chip: 'Payment being confirmed',
        title: 'Confirming your payment',
        happening: `Your payment of ${sum} for ${plan}, begun on ${since}, went through; Cashfree is still closing the order.`,
        toDo: 'There is nothing to do: please wait, and do not pay a second time. It usually takes seconds, and we mail you. If it takes more than an hour, write to us with the order’s number.',
      }
    case 'unverified':
      return {
        chip: 'Payment being confirmed',
        title: 'Confirming your payment',
        happening: `Since ${since} Cashfree has been saying that ${sum} for ${plan} is paid, without telling us by which payment.`,
        toDo: 'There is nothing to do: please wait, and do not pay a second time. We keep asking, and mail you. If it takes more than an hour, write to us with the order’s number.',
      }
    case 'held':
      return {
        chip: 'Payment being checked',
        title: 'We are looking at your payment',
        happening: `What Cashfree says of your payment of ${sum} for ${plan} does not agree with the order. Since ${since} a person has been checking it.`,
        toDo: 'Please do not pay a second time. Your money is safe: either the plan is switched on or the full amount goes back, and we mail you. Questions? Write to us with the order’s number.',
      }
    case 'held-unpaid':
      return {
        chip: 'Order being checked',
        title: 'We are looking at your order',
        happening: `What Cashfree says of your order of ${sum} for ${plan} does not agree with it. Since ${since} it cannot be paid; as far as we know nothing was charged.`,
        toDo: 'Please wait until this is settled, half an hour at most, or write to us with the order’s number.',
      }
    case 'autopay':
      return isCharge(money)
        ? {
            chip: 'Autopay under way',
            title: 'Autopay takes care of this payment',
            happening: `Autopay is about to debit ${sum} for ${plan}.`,
            toDo: 'There is nothing to do: please do not pay a second time. We mail you when it is through, and when it is not. To pay manually this time, skip this debit on your account’s Autopay page.',
          }
        : {
            chip: 'Autopay under way',
            title: 'Autopay is being set up',
            happening: `Since ${since} Autopay is being set up, to pay ${sum} for ${plan} first.`,
            toDo: 'If you approved it, there is nothing to do: please wait, and do not pay a second time; we mail you. Your account’s Autopay page is where you approve it, or choose to pay manually instead.',
          }
    case 'withheld':
      return {
        chip: 'Payment being checked',
        title: 'We are looking at your payment',
        happening: `Your payment of ${sum} for ${plan} of ${since} arrived while your account could not have the plan, so it was not switched on.`,
        toDo: 'Please do not pay a second time. A person is deciding: either the plan is switched on or the full amount goes back, and we mail you. Questions? Write to us with the order’s number.',
      }
  }
}
