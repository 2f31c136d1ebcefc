import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Action } from './actions.ts'
import { play } from './run.ts'
import { openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const pay: Action = { do: 'pay', order: 0, extraPaise: 0, newAttempt: false, when: 'now' }
const back: Action = { do: 'return', order: 0, instance: 0 }
const fault = (name: Extract<Action, { do: 'fault' }>['name'], count: number): Action => ({ do: 'fault', name, count })
const webhook = (which: number, wait = true): Action => ({ do: 'webhook', which, instance: 1, how: 'once', wait })
const dashboard: Action = { do: 'dashboard refund', order: 0, part: 'all' }
const refund: Action = { do: 'refund', order: 0, instance: 0, part: 'all' }

/** What the property found, or thinking about it: every sequence once broke the books. */
const found: [string, Action[]][] = [
  ['an order paid again after it was paid, the second webhook lost', [pay, back, pay]],
  [
    'an order paid again, and the payments cannot be read when its webhook comes',
    [pay, back, pay, fault('paymentsUnreadable', 2), webhook(0)],
  ],
  [
    'too little paid, and given back in the dashboard, its webhook lost',
    [{ ...pay, extraPaise: -100 }, dashboard, webhook(0)],
  ],
  [
    'held back because the amount seemed wrong, refunded meanwhile, and then it agrees',
    [fault('wrongAmount', 1), pay, webhook(0), dashboard, fault('wrongAmount', 2), webhook(0)],
  ],
  ['a fee paid on top, and everything refunded, fee included', [{ ...pay, extraPaise: 1_180 }, back, refund]],
  ['refunded here and in the dashboard at once, then paid again', [pay, back, dashboard, refund, pay]],
  [
    'the extra payment refunded here, then the whole price in the dashboard',
    [pay, back, { ...pay, newAttempt: true }, back, refund, { do: 'send-refunds', instance: 0, due: true }],
  ],
  [
    'a refund heard of while Cashfree is away, then a payment event of the same order',
    [pay, back, dashboard, fault('serverError', 3), webhook(0, false), webhook(1)],
  ],
]

test.each(found)('%s', async (_, actions) => {
  expect(await play(world, actions)).toEqual([])
})
