import { randomBytes } from 'node:crypto'
import { settle, settleWith } from '../../billing/checkout/settle.ts'
import { isAutopayInUse } from '../../billing/mandates/in-use.ts'
import { endMandate } from '../../billing/mandates/mandates.ts'
import { findCurrentMandate } from '../../billing/mandates/offer.ts'
import { type BillingServices, isGatewayFailure } from '../../billing/payments/gateway.ts'
import { tryPassword } from '../../identity/login-throttle/login-throttle.ts'
import { hashPassword } from '../../identity/passwords/passwords.ts'
import type { SignedIn } from '../../identity/sessions/sessions.ts'
import { authenticate } from '../../identity/users/users.ts'
import type { Actor } from '../../platform/audit-context.ts'
import { instantIn } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { deleteAccountRows, listOrdersToClose } from './queries.ts'

/** What the form sends: the password, the username typed once more, and the end of the paid time that the page showed. */
export type DeletionForm = { password: string; confirmation: string; seen: string }

const refusals: Record<string, string> = {
  administrator:
    'This is an administrator’s account. Ask another administrator to remove that role first; then you can delete it.',
  changed: 'Your subscription changed in the meantime. Nothing was deleted; please look at the numbers again.',
  'payment-under-way':
    'A payment of yours is still under way at the bank. Nothing was deleted; please try again when it has ended, after a day at most.',
  held: 'A payment of yours is being looked into by a person. Nothing was deleted; please write to us, or try again later.',
  'refund-under-way':
    'A refund to you is still under way. Nothing was deleted; please try again when the money has arrived.',
}

/**
 * Deletes the account of the person who is signed in: Autopay and open orders are ended at Cashfree first, then one statement does the
 * rest. Where Cashfree is away, the end of Autopay is noted and asked for again by the job.
 * Throws AppError `invalid` about `password` and `confirmation`, `busy` after too many wrong passwords, and `conflict`
 * with a sentence while money is on its way or Cashfree cannot say whether it is. Then nothing was deleted.
 */
export async function deleteAccount(
  services: BillingServices,
  signedIn: SignedIn,
  form: DeletionForm,
  by: Actor,
): Promise<void> {
  const { user } = signedIn
  if (user.role !== 'subscriber') throw new AppError('conflict', refusals.administrator!)
  await confirm(services, signedIn, form)
  const stopped = (await stopAutopay(services, user.id, by)) ? ' Autopay is stopped.' : ''
  await closeOrders(services, user.id, stopped)
  const unusableHash = await hashPassword(randomBytes(32).toString('base64'))
  const seen = instantIn(form.seen)
  const seenEnd = seen === null ? null : new Date(seen)
  const outcome = await deleteAccountRows(services.sql, user.id, { seenEnd, unusableHash, by })
  const refusal = refusals[outcome]
  if (refusal) throw new AppError('conflict', refusal + stopped)
  services.log.info({ event: 'account deleted', userId: user.id }, 'account deleted')
}

async function confirm(
  services: BillingServices,
  { user, attempt }: SignedIn,
  { password, confirmation }: DeletionForm,
): Promise<void> {
  const fields: Record<string, string> = {}
  if (confirmation.trim().toLowerCase() !== user.username.toLowerCase())
    fields.confirmation = 'Please type your username exactly.'
  else if (
    !(await tryPassword(services, { account: user.username, ...attempt }, () =>
      authenticate(services.sql, user.username, password),
    ))
  )
    fields.password = 'Incorrect password. Please try again.'
  if (Object.keys(fields).length > 0)
    throw new AppError('invalid', 'Nothing was deleted. Please check the highlighted fields.', { fields })
}

/** Nothing is debited from then on. Answers whether there was anything to stop. */
async function stopAutopay(services: BillingServices, userId: string, by: Actor): Promise<boolean> {
  const mandate = (await isAutopayInUse(services)) ? await findCurrentMandate(services, userId) : undefined
  if (mandate) await endMandate(services, mandate.subscriptionId, 'deletion', by)
  return mandate !== undefined
}

/** Asks Cashfree to end what can still be paid, and writes down what it says; the statement that deletes reads it there. */
async function closeOrders(services: BillingServices, userId: string, stopped: string): Promise<void> {
  for (const { id, status } of await listOrdersToClose(services.sql, userId)) {
    try {
      if (status === 'active') await settleWith(services, id, await services.gateway.terminateOrder(id), 'checkout')
      else await settle(services, id, 'checkout')
    } catch (error) {
      if (!isGatewayFailure(error)) throw error
      services.log.warn({ orderId: id, err: error }, 'an order could not be ended before a deletion')
      throw new AppError(
        'conflict',
        `Cashfree cannot say just now whether a payment of yours is under way. Nothing was deleted; please try again in a few minutes.${stopped}`,
      )
    }
  }
}
