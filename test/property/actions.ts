import fc from 'fast-check'

type Pick = { order: number; instance: 0 | 1 }

/** Everything that people, Cashfree and jobs can do, in numbers small enough to shrink. */
export type Action =
  | ({ do: 'open' | 'startOver'; user: number; plan: 'monthly' | 'annual' } & Omit<Pick, 'order'>)
  | { do: 'pay'; order: number; extraPaise: number; newAttempt: boolean; when: 'now' | 'after-expiry' | 'after-ttl' }
  | { do: 'fail' | 'drop' | 'pending' | 'expire'; order: number }
  | { do: 'webhook'; which: number; instance: 0 | 1; how: 'once' | 'twice' | 'too-old' | 'forged'; wait: boolean }
  | ({ do: 'return' | 'poll' } & Pick)
  | { do: (typeof jobs)[number]; instance: 0 | 1; due: boolean }
  | ({ do: 'refund'; part: 'all' | 'half' | 'too much'; how: How } & Pick)
  | { do: 'dashboard refund'; order: number; part: 'all' | 'half' }
  | {
      do: 'dispute'
      order: number
      part: 'all' | 'half'
      type: (typeof disputeTypes)[number]
      end: 'lost' | 'won' | null
    }
  | { do: 'dispute moves'; which: number; to: 'won' | 'lost' | 'accepted' | 'review' | 'escalate' }
  | { do: 'refunds end'; as: 'SUCCESS' | 'FAILED' | 'PENDING' | 'ONHOLD' | 'CANCELLED' }
  | { do: 'fault'; name: (typeof faults)[number]; count: number }
  | { do: 'foreign payment' | 'borrowed payments'; names: number; count: number }
  | Command
  | { do: 'time'; user: number; days: number }
  | { do: 'together'; actions: Action[] }

/** Once; twice with what one form carries (a double click); by two administrators at once; having seen an older state. */
export type How = 'once' | 'twice' | 'two admins' | 'stale'

/** What people do in the panel and on the account pages. */
export type Command =
  | { do: 'grant'; user: number; days: number; how: How; instance: 0 | 1 }
  | { do: 'cancel'; user: number; how: How; instance: 0 | 1 }
  | { do: 'suspend' | 'lift' | 'sign out' | 'sign in' | 'delete account'; user: number; instance: 0 | 1 }
  | { do: 'settle now' | 'terminate'; order: number; how: How; instance: 0 | 1 }
  | { do: 'price'; plan: 'monthly' | 'annual'; paise: number; how: How; instance: 0 | 1 }
  | { do: 'off sale' | 'on sale'; plan: 'monthly' | 'annual'; instance: 0 | 1 }
  | { do: 'resend' | 'resolve'; which: number; how: How; instance: 0 | 1 }

const disputeTypes = ['DISPUTE', 'CHARGEBACK', 'CHARGEBACK', 'PRE_ARBITRATION', 'COMPLAINT'] as const

const jobs = [
  'reconcile',
  'settle-events',
  'send-refunds',
  'reconcile',
  'settle-events',
  'send-refunds',
  'keep-statuses',
  'seal-audit',
  'remind',
  'figures',
  'watch-disputes',
] as const

const faults = [
  'replyLost',
  'serverError',
  'badGateway',
  'garbage',
  'rateLimited',
  'slow',
  'hang',
  'paymentsUnreadable',
  'wrongAmount',
  'wrongCurrency',
  'wrongOrderId',
  'wrongCustomer',
  'wrongCfOrderId',
  'wrongPaymentOrder',
  'orderLags',
  'wrongPaymentCurrency',
  'unknownEnums',
  'numericIds',
] as const

const order = fc.nat(3)
const instance = fc.constantFrom(0 as const, 1 as const)
const plan = fc.constantFrom('monthly' as const, 'monthly' as const, 'annual' as const)
const user = fc.constantFrom(0, 0, 0, 1)
const how = fc.constantFrom<How[]>('once', 'once', 'twice', 'two admins')
const kind = <T extends string>(...kinds: T[]) => fc.constantFrom(...kinds)

const single: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), user, plan, instance }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('startOver' as const), user, plan, instance }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      order,
      extraPaise: fc.constantFrom(0, 0, 0, 0, 1_180, -100),
      newAttempt: fc.boolean(),
      when: fc.constantFrom(
        'now' as const,
        'now' as const,
        'now' as const,
        'after-expiry' as const,
        'after-ttl' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('fail' as const, 'drop' as const, 'pending' as const, 'expire' as const),
      order,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('webhook' as const),
      which: fc.nat(9),
      instance,
      how: fc.constantFrom(
        'once' as const,
        'once' as const,
        'once' as const,
        'twice' as const,
        'too-old' as const,
        'forged' as const,
      ),
      wait: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('return' as const, 'poll' as const), order, instance }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(...jobs),
      instance,
      due: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('refund' as const),
      order,
      instance,
      part: fc.constantFrom('all' as const, 'half' as const, 'too much' as const),
      how,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('dashboard refund' as const),
      order,
      part: fc.constantFrom('all' as const, 'half' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('refunds end' as const),
      as: fc.constantFrom(
        'SUCCESS' as const,
        'SUCCESS' as const,
        'FAILED' as const,
        'PENDING' as const,
        'ONHOLD' as const,
        'CANCELLED' as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      name: fc.constantFrom(...faults),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
)

/**
 * Cashfree lists the newest payment of whichever order is asked about as one of another order, of ours or of nobody's; or it
 * calls that order paid and lists the payments of another.
 */
const foreignPayment: fc.Arbitrary<Action> = fc.record({
  do: kind('foreign payment', 'borrowed payments'),
  names: fc.nat(4),
  count: fc.integer({ min: 1, max: 3 }),
})

/** What banks do with payments that were made. */
const dispute: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('dispute' as const),
      order,
      part: fc.constantFrom('all' as const, 'all' as const, 'half' as const),
      type: fc.constantFrom(...disputeTypes),
      end: fc.constantFrom('lost' as const, 'won' as const, null, null),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('dispute moves' as const),
      which: fc.nat(3),
      to: fc.constantFrom(
        'won' as const,
        'lost' as const,
        'lost' as const,
        'accepted' as const,
        'review' as const,
        'escalate' as const,
      ),
    }),
  },
)

const ends = fc.constantFrom<How[]>('once', 'once', 'twice', 'two admins', 'stale')

const command: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: kind('grant'), user, days: fc.constantFrom(1, 30, 366), how: ends, instance }),
  },
  { weight: 2, arbitrary: fc.record({ do: kind('cancel'), user, how: ends, instance }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: kind('suspend', 'suspend', 'lift', 'sign out', 'sign in'), user, instance }),
  },
  { weight: 1, arbitrary: fc.record({ do: kind('delete account'), user, instance }) },
  { weight: 3, arbitrary: fc.record({ do: kind('settle now', 'terminate'), order, how, instance }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: kind('price'), plan, paise: fc.constantFrom(44_900, 49_900, 599_000), how, instance }),
  },
  { weight: 1, arbitrary: fc.record({ do: kind('off sale', 'on sale'), plan, instance }) },
  { weight: 2, arbitrary: fc.record({ do: kind('resend', 'resolve'), which: fc.nat(3), how, instance }) },
)

const anything: fc.Arbitrary<Action> = fc.oneof(
  { weight: 45, arbitrary: single },
  { weight: 3, arbitrary: foreignPayment },
  { weight: 16, arbitrary: command },
  { weight: 10, arbitrary: dispute },
)

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 17, arbitrary: anything },
  { weight: 1, arbitrary: fc.record({ do: kind('time'), user, days: fc.constantFrom(2, 17, 33) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: kind('together'), actions: fc.array(anything, { minLength: 2, maxLength: 5 }) }),
  },
)

/** A sequence of up to 24 actions, several of which may be groups that happen at once. */
export const sequences: fc.Arbitrary<Action[]> = fc.array(action, { minLength: 2, maxLength: 24, size: 'max' })
