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

/** A dispute as it ended at Cashfree; what is `clear` there is booked here, lost for good. */
export type ModelDispute = { id: string; cfPaymentId: string; paise: number; status: string; clear: boolean }

export type Model = {
  orders: Map<string, ModelOrder>
  users: string[]
  /** Days that were granted and cancellations that were made, by the key of the act; whose account is deleted. */
  grants: Map<string, { user: number; days: number }>
  cancels: Map<string, number>
  gone: Set<number>
  /** Days of each period that went by. */
  used: Record<string, number>
}

/** What our books say of one order, read in one query. */
export type BookedOrder = {
  id: string
  status: string
  applied: string[]
  successes: Record<string, number>
  periods: number
  voided: number
  voidedByHand: number
  receiptPaise: number | null
  receiptMails: number
  refunds: { id: string; status: string; paise: number; cfPaymentId: string }[]
  creditedPaise: number
  isHeld: boolean
  isOpen: boolean
  /** Its owner's account as it is now: 'suspended', 'deleted', or null where it may be given what it pays for. */
  refusal: string | null
  incidents: string[]
  disputes: { id: string; status: string; theirs: string }[]
}
export type BookedUser = {
  id: string
  status: string
  hasAccess: boolean
  daysLeft: number | null
  /** `late`: days of it that had gone by when it was bought, within grace. */
  periods: { id: string; grant: string | null; days: number; counts: boolean; late: number }[]
  cancels: string[]
  isGone: boolean
  isSuspended: boolean
  standings: string[]
  sessions: number
  queued: string[]
}

/** Every sentence in which model and books differ; none when they agree. */
export function differences(
  model: Model,
  refunds: ModelRefund[],
  disputes: Map<string, ModelDispute[]>,
  books: { orders: BookedOrder[]; users: BookedUser[] },
): string[] {
  const found: string[] = []
  for (const order of model.orders.values()) {
    const booked = books.orders.find(({ id }) => id === order.id)
    if (!booked) {
      found.push(`${order.id} is not in the books`)
      continue
    }
    const ended = booked.voidedByHand > 0
    if (ended && !model.gone.has(order.user) && ![...model.cancels.values()].includes(order.user))
      found.push(`${order.id}: its period was ended by nobody`)
    const expected = expectedOf(order, refunds, disputes.get(order.id) ?? [], booked, ended)
    for (const [what, [is, should]] of Object.entries(expected))
      if (JSON.stringify(is) !== JSON.stringify(should))
        found.push(`${order.id}: ${what} is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`)
  }
  for (const [i, id] of model.users.entries()) {
    const booked = books.users.find((user) => user.id === id)
    if (!booked) found.push(`${id} is not in the books`)
    else found.push(...wrongPerson(model, i, booked).map((what) => `${id}: ${what}`))
  }
  return found
}

function expectedOf(
  order: ModelOrder,
  refunds: ModelRefund[],
  disputes: ModelDispute[],
  booked: BookedOrder,
  endedByHand: boolean,
): Record<string, [unknown, unknown]> {
  const enough = order.captured.filter(({ paise }) => paise >= order.pricePaise)
  const isBooked = booked.status === 'paid'
  const going = (cfPaymentId: string) =>
    sum(
      booked.refunds
        .filter((r) => r.cfPaymentId === cfPaymentId && r.status !== 'failed' && r.status !== 'cancelled')
        .map((r) => r.paise),
    )
  // What was paid for is granted, unless its owner may not be given it now, or it all went back, or was lost to the bank, before it could be. What
  // was granted stays granted: a suspension, a refund or a contradiction that comes later takes the order nothing back.
  const lostOf = (cfPaymentId: string) =>
    sum(disputes.filter((d) => d.clear && d.cfPaymentId === cfPaymentId && isLost(d)).map(({ paise }) => paise))
  const isStillHere = ({ cfPaymentId }: { cfPaymentId: string }) =>
    going(cfPaymentId) + lostOf(cfPaymentId) < order.pricePaise
  const isDue = enough.some(isStillHere) && booked.refusal === null
  const paid = enough.length > 0 && (isDue || isBooked)
  const back = refunds.filter((refund) => refund.orderId === order.id && refund.status === 'SUCCESS')
  const backOf = (cfPaymentId: string) =>
    sum(booked.refunds.filter((r) => r.cfPaymentId === cfPaymentId && r.status === 'succeeded').map((r) => r.paise))
  const applied = booked.applied[0] ?? ''
  const over = paid && backOf(applied) + lostOf(applied) >= order.pricePaise
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
    'periods that count': [booked.periods, paid && !over && !endedByHand ? 1 : 0],
    'periods ended early': [booked.voided, paid && (over || endedByHand) ? 1 : 0],
    'period of an order whose money all went back': [
      captured > 0 && sum(back.map((r) => r.paise)) >= captured && booked.periods > 0,
      false,
    ],
    'held, where its owner may not have it': [
      booked.isHeld,
      isBooked ? false : booked.isHeld || (booked.refusal !== null && enough.some(isStillHere)),
    ],
    'open to pay at Cashfree for somebody who may not have it': [booked.refusal !== null && booked.isOpen, false],
    receipt: [booked.receiptPaise, paid ? order.pricePaise : null],
    'receipt mails': [booked.receiptMails, paid ? 1 : 0],
    'refunds that arrived': [known.map((r) => [r.id, r.paise]).sort(), back.map((r) => [r.id, r.paise]).sort()],
    'credit notes': [booked.creditedPaise, paid ? Math.min(order.pricePaise, backOf(applied)) : 0],
    disputes: [
      booked.disputes.map(({ id, theirs, status }) => [id, theirs, status === 'lost']).sort(),
      disputes.map((d) => [d.id, d.status, d.clear && isLost(d)]).sort(),
    ],
    'incident for money that was not applied': [
      extra.every(
        ({ cfPaymentId, paise }) =>
          booked.incidents.some(
            (incident) =>
              incident === `paid-twice:${cfPaymentId}` ||
              incident === `entitlement-refused:${cfPaymentId}` ||
              incident === `payment-on-two-orders:${order.id}` ||
              incident === `payment-mismatch:${order.id}` ||
              incident === `order-mismatch:${order.id}`,
          ) || backOf(cfPaymentId) + lostOf(cfPaymentId) >= paise,
      ),
      true,
    ],
  }
}

/** Ended, and not for us. */
export function isLost({ status }: { status: string }): boolean {
  return /_MERCHANT_(LOST|ACCEPTED)$/.test(status)
}

function wrongPerson(model: Model, user: number, booked: BookedUser): string[] {
  const found: string[] = []
  const same = (what: string, is: unknown, should: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(should))
      found.push(`${what}: ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`)
  }
  const granted = booked.periods.filter(({ grant }) => grant !== null)
  const meant = [...model.grants].filter(([, grant]) => grant.user === user)
  same(
    'grants',
    granted.map(({ grant, days }) => [grant, days]).sort(),
    meant.map(([key, { days }]) => [key, days]).sort(),
  )
  same(
    'cancellations',
    booked.cancels.toSorted(),
    [...model.cancels].flatMap(([key, whose]) => (whose === user ? [key] : [])).sort(),
  )
  same('deleted', booked.isGone, model.gone.has(user))
  same('suspended', booked.isSuspended, !booked.isGone && booked.standings.at(-1) === 'user.suspended')
  if (booked.standings.some((what, i) => what !== (i % 2 === 0 ? 'user.suspended' : 'user.reinstated')))
    found.push(`suspended and reinstated do not alternate: ${booked.standings.join()}`)
  if (booked.isGone && booked.queued.some((kind) => kind !== 'receipt' && kind !== 'account-deleted'))
    found.push(`deleted, and mails wait: ${booked.queued.join()}`)
  return [...found, ...wrongAccess(model, booked)]
}

/** What is left of the periods that count is what there is access for, to the quarter of an hour. */
function wrongAccess(model: Model, { periods, isGone, hasAccess, daysLeft, status }: BookedUser): string[] {
  const left = sum(
    periods.filter(({ counts }) => counts).map(({ id, days, late }) => days - late - (model.used[id] ?? 0)),
  )
  if (isGone && (hasAccess || left > 0.01)) return [`deleted, with ${left} days left, access ${hasAccess}`]
  if (left < 0.01) return hasAccess && status === 'active' && (daysLeft ?? 0) > 0.01 ? ['access that nobody gave'] : []
  return hasAccess && Math.abs((daysLeft ?? 0) - left) < 0.01
    ? []
    : [`${hasAccess ? 'has' : 'has no'} access, status ${status}, ${daysLeft} days left, should be ${left}`]
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}
