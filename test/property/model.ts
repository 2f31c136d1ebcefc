/** What happened at Cashfree, kept by hand while a sequence runs: the plain truth the books are compared with. */
export type ModelOrder = {
  id: string
  user: number
  pricePaise: number
  months: number
  /** Captured payments, in the order they were made. */
  captured: { cfPaymentId: string; paise: number }[]
}
export type ModelRefund = { id: string; orderId: string; paise: number; status: 'SUCCESS' | 'FAILED' | 'CANCELLED' }

export type Model = { orders: Map<string, ModelOrder>; users: string[] }

/** What our books say of one order, read in one query. */
export type BookedOrder = {
  id: string
  status: string
  applied: string[]
  successes: Record<string, number>
  periods: number
  voided: number
  receiptPaise: number | null
  receiptMails: number
  refunds: { id: string; status: string; paise: number; cfPaymentId: string }[]
  creditedPaise: number
  incidents: string[]
}
export type BookedUser = { id: string; status: string; hasAccess: boolean; daysLeft: number | null }

/** Every sentence in which model and books differ; none when they agree. */
export function differences(
  model: Model,
  refunds: ModelRefund[],
  books: { orders: BookedOrder[]; users: BookedUser[] },
): string[] {
  const found: string[] = []
  const months = model.users.map(() => 0)
  for (const order of model.orders.values()) {
    const booked = books.orders.find(({ id }) => id === order.id)
    if (!booked) {
      found.push(`${order.id} is not in the books`)
      continue
    }
    const expected = expectedOf(order, refunds, booked)
    for (const [what, [is, should]] of Object.entries(expected))
      if (JSON.stringify(is) !== JSON.stringify(should))
        found.push(`${order.id}: ${what} is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`)
    if (booked.periods > 0) months[order.user]! += order.months
  }
  for (const [i, id] of model.users.entries())
    found.push(
      ...wrongAccess(
        books.users.find((user) => user.id === id),
        months[i]!,
      ),
    )
  return found
}

function expectedOf(
  order: ModelOrder,
  refunds: ModelRefund[],
  booked: BookedOrder,
): Record<string, [unknown, unknown]> {
  const enough = order.captured.filter(({ paise }) => paise >= order.pricePaise)
  const paid = enough.length > 0
  const back = refunds.filter((refund) => refund.orderId === order.id && refund.status === 'SUCCESS')
  const backOf = (cfPaymentId: string) =>
    sum(booked.refunds.filter((r) => r.cfPaymentId === cfPaymentId && r.status === 'succeeded').map((r) => r.paise))
  const applied = booked.applied[0] ?? ''
  const over = paid && backOf(applied) >= order.pricePaise
  const captured = sum(order.captured.map(({ paise }) => paise))
  const known = booked.refunds.filter((refund) => refund.status === 'succeeded')
  const extra = order.captured.filter(({ cfPaymentId }) => cfPaymentId !== applied)
  return {
    paid: [booked.status === 'paid', paid],
    'number of applied payments': [booked.applied.length, paid ? 1 : 0],
    'applied payment covers the price': [!paid || enough.some(({ cfPaymentId }) => cfPaymentId === applied), true],
    'captured payments': [
      Object.entries(booked.successes).sort(),
      order.captured.map(({ cfPaymentId, paise }) => [cfPaymentId, paise]).sort(),
    ],
    'periods that count': [booked.periods, paid && !over ? 1 : 0],
    'periods ended early': [booked.voided, over ? 1 : 0],
    'period of an order whose money all went back': [
      captured > 0 && sum(back.map((r) => r.paise)) >= captured && booked.periods > 0,
      false,
    ],
    receipt: [booked.receiptPaise, paid ? order.pricePaise : null],
    'receipt mails': [booked.receiptMails, paid ? 1 : 0],
    'refunds that arrived': [known.map((r) => [r.id, r.paise]).sort(), back.map((r) => [r.id, r.paise]).sort()],
    'credit notes': [booked.creditedPaise, paid ? Math.min(order.pricePaise, backOf(applied)) : 0],
    'incident for money that was not applied': [
      extra.every(
        ({ cfPaymentId, paise }) =>
          booked.incidents.some(
            (incident) =>
              incident === `paid-twice:${cfPaymentId}` ||
              incident === `payment-mismatch:${order.id}` ||
              incident === `order-mismatch:${order.id}`,
          ) || backOf(cfPaymentId) >= paise,
      ),
      true,
    ],
  }
}

function wrongAccess(user: BookedUser | undefined, months: number): string[] {
  if (!user) return ['a user is not in the books']
  const { daysLeft, hasAccess, status } = user
  if (hasAccess !== months > 0)
    return [`${user.id} ${hasAccess ? 'has' : 'has no'} access, status ${status}, with ${months} months paid for`]
  if (months === 0) return []
  return daysLeft !== null && daysLeft > months * 28 - 1 && daysLeft < months * 31 + 1
    ? []
    : [`${user.id} has ${daysLeft} days left of ${months} months`]
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}
