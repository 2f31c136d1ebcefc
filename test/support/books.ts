import { setTimeout as pause } from 'node:timers/promises'
import type { TestApp } from './app.ts'

type Books = Pick<TestApp, 'sql'>

/** The newest order of the account with this e-mail. */
export async function newestOrder({ sql }: Books, email: string) {
  const [order] = await sql<
    {
      id: string
      status: string
      amountPaise: number
      currency: string
      paymentSessionId: string | null
      userId: string
    }[]
  >`
    select o.id, o.status, o.amount_paise, o.currency, o.payment_session_id, o.user_id
    from orders o
    join users u on u.id = o.user_id
    where lower(u.email) = lower(${email})
    order by o.created_at desc
    limit 1
  `
  if (!order) throw new Error('there is no order')
  return order
}

/** The subscription row of the account with this e-mail, as an operator would query it. */
export async function subscriberOf({ sql }: Books, email: string) {
  const [row] = await sql<
    {
      userId: string
      status: string
      isPaid: boolean
      currentPeriodStart: Date | null
      currentPeriodEnd: Date | null
    }[]
  >`
    select s.user_id, s.status, s.is_paid, s.current_period_start, s.current_period_end
    from subscriptions s
    join users u on u.id = s.user_id
    where lower(u.email) = lower(${email})
  `
  if (!row) throw new Error('there is no subscription')
  return row
}

/** Waits until it is so, at most 10 seconds. */
export async function until(isSo: () => Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come to be')
    await pause(30)
  }
}
