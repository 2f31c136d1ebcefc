import type { User } from '../../identity/users/queries.ts'
import type { Actor } from '../../platform/audit-context.ts'
import type { OrderWish } from './queries.ts'

/** What the checkout says of UPI Autopay to one person. */
export type AutopayChoice = {
  /** What they would agree to; `key` comes back with the form. */
  consent: { text: string; key: string }
  /** They have it: what it debits next, if anything, and on which Indian day (its midnight). */
  standing: { nextDebit: { day: Date; planTitle: string; amountPaise: number } | null } | null
}

/**
 * Paying by UPI Autopay in place of paying by hand, as the checkout offers it; mandates are a slice above. Absent where it is not
 * offered.
 */
export type AutopayOffer = {
  /** Null where there is nothing to choose: no plan is on sale. */
  choiceFor(userId: string): Promise<AutopayChoice | null>
  /**
   * Opens a mandate whose authorisation pays the plan's next period, or finds the one that waits; `agreed` is the key of the consent.
   * Answers the path of the page that leads to Cashfree, or that says how it stands. Throws AppError where there is none: `invalid`,
   * `unavailable`, PaymentUnderWay, OpensSoon.
   */
  open(user: User, planName: string, wish: OrderWish, agreed: string, by: Actor): Promise<string>
}
