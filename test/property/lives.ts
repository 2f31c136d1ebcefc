import fc from 'fast-check'
import type { Life, PlanName, Who } from './life.ts'
import {
  changePrice,
  choose,
  correct,
  grant,
  leave,
  letEndBeMonthEnd,
  letTimePass,
  refund,
  resume,
} from './life-changes.ts'
import { buy, die, pay, redeem } from './life-orders.ts'

/** What happens in the life of two people’s subscriptions, in numbers small enough to shrink. */
export type Act =
  | { do: 'buy'; who: Who; plan: PlanName; coupon: number | null }
  | { do: 'switch'; who: Who; coupon: number | null }
  | { do: 'gift'; who: Who; plan: PlanName; coupon: number | null }
  | { do: 'pay' | 'expire' | 'terminate' | 'refund' | 'half refund'; order: number }
  | { do: 'correct'; order: number; company: number }
  | { do: 'redeem'; who: Who; gift: number }
  | { do: 'leave' | 'resume' | 'grant' | 'forget the anchor' | 'month end'; who: Who }
  | { do: 'choose'; who: Who; plan: PlanName | null }
  | { do: 'price'; paise: number; inDays: number; subscribersInDays: number | null }
  | { do: 'time'; days: number }

const who = fc.constantFrom<Who>(0, 0, 1)
/** Counted from the newest, which is what most things happen to. */
const order = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 4, 5)
const plan = fc.constantFrom<PlanName>('monthly', 'monthly', 'annual')
const coupon = fc.constantFrom(null, null, 0, 1, 2)
const weighted = (weight: number, kinds: Act['do'][], rest: Record<string, fc.Arbitrary<unknown>>) => ({
  weight,
  arbitrary: fc.record({ do: fc.constantFrom(...kinds), ...rest }) as fc.Arbitrary<Act>,
})
const act: fc.Arbitrary<Act> = fc.oneof(
  weighted(6, ['buy'], { who, plan, coupon }),
  weighted(3, ['switch', 'switch', 'gift'], { who, plan, coupon }),
  weighted(9, ['pay'], { order }),
  weighted(3, ['expire', 'terminate', 'refund', 'half refund'], { order }),
  weighted(1, ['correct'], { order, company: fc.nat(2) }),
  weighted(2, ['redeem'], { who, gift: fc.nat(2) }),
  weighted(4, ['leave', 'resume', 'grant'], { who }),
  weighted(2, ['forget the anchor', 'month end', 'month end'], { who }),
  weighted(1, ['choose'], { who, plan: fc.constantFrom('monthly', 'annual', null) }),
  weighted(2, ['price'], {
    paise: fc.constantFrom(49_900, 59_900, 44_900),
    inDays: fc.constantFrom(0, 0, 3, 20),
    subscribersInDays: fc.constantFrom(null, 2, 8, 21, 60),
  }),
  weighted(6, ['time'], { days: fc.constantFrom(1, 2, 13, 28, 31, 366) }),
)
const newest = { order: 0 }
/** What takes several acts in a row, and would hardly come about by chance. */
const purchase: fc.Arbitrary<Act[]> = fc.tuple(who, plan, coupon).map(([who, plan, coupon]) => [
  { do: 'buy', who, plan, coupon },
  { do: 'pay', ...newest },
])
const sequel: fc.Arbitrary<Act[]> = fc.oneof(
  who.map((who): Act[] => [
    { do: 'switch', who, coupon: null },
    { do: 'pay', ...newest },
  ]),
  who.map((who): Act[] => [
    { do: 'gift', who, plan: 'monthly', coupon: null },
    { do: 'pay', ...newest },
    { do: 'redeem', who, gift: 0 },
  ]),
  who.map((who): Act[] => [
    { do: 'forget the anchor', who },
    { do: 'month end', who },
    { do: 'buy', who, plan: 'monthly', coupon: null },
    { do: 'pay', ...newest },
  ]),
  // The first order dies, its coupon is used again, and then the first one is paid after all.
  fc.tuple(who, plan).map(([who, plan]): Act[] => [
    { do: 'buy', who, plan, coupon: 2 },
    { do: 'expire', ...newest },
    { do: 'buy', who, plan, coupon: 2 },
    { do: 'pay', order: 1 },
    { do: 'expire', ...newest },
  ]),
  fc.constant<Act[]>([{ do: 'refund', ...newest }]),
)
/** A life of up to some 30 acts. */
export const lives: fc.Arbitrary<Act[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: act.map((one) => [one]) },
      { weight: 1, arbitrary: purchase },
      { weight: 1, arbitrary: sequel },
    ),
    { minLength: 3, maxLength: 20, size: 'max' },
  )
  .map((acts) => acts.flat())

/** Does one act and compares what came of it with the rules. */
export async function live(life: Life, act: Act): Promise<void> {
  switch (act.do) {
    case 'buy':
      return buy(life, act.who, act.plan, 'period', act.coupon)
    case 'switch':
      return buy(life, act.who, 'annual', 'switch', act.coupon)
    case 'gift':
      return buy(life, act.who, act.plan, 'gift', act.coupon)
    case 'pay':
      return pay(life, act.order)
    case 'expire':
      return die(life, act.order, 'EXPIRED')
    case 'terminate':
      return die(life, act.order, 'TERMINATION_REQUESTED')
    case 'refund':
      return refund(life, act.order, 'all')
    case 'half refund':
      return refund(life, act.order, 'half')
    case 'correct':
      return correct(life, act.order, act.company)
    case 'redeem':
      return redeem(life, act.who, act.gift)
    case 'leave':
      return leave(life, act.who)
    case 'resume':
      return resume(life, act.who)
    case 'grant':
      return grant(life, act.who)
    case 'choose':
      return choose(life, act.who, act.plan)
    case 'price':
      return changePrice(life, act.paise, act.inDays, act.subscribersInDays)
    case 'time':
      return letTimePass(life, 24 * act.days + 7)
    case 'month end':
      return letEndBeMonthEnd(life, act.who)
    case 'forget the anchor':
      // A subscription of an earlier release remembers none.
      await life.sql`update subscriptions set anchor_day = null where user_id = ${life.people[act.who]}`
  }
}
