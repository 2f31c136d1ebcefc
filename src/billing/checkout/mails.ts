import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { findPlanFor } from '../pricing/queries.ts'
import { findEndingSubscription } from '../subscriptions/queries.ts'
import { findMoneyUnderWay } from './queries.ts'

/** The mail that asks to renew: it offers to take money, so it is checkout's. */
export const checkoutMails = (services: Services): Pick<Composers, 'renewal'> => ({
  renewal: (mail) => composeRenewalMail(services, mail),
})

/**
 * What the mail before access ends says, bought or granted: how to renew, or that a payment is under way already. Null when the
 * person renewed meanwhile or access was ended.
 */
async function composeRenewalMail(
  { sql, config }: Services,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const [userId, endsOn] = mail.subjectKey.split(':')
  const ending = await findEndingSubscription(sql, userId!, endsOn!)
  if (!ending) return null
  const offered = await findPlanFor(sql, userId!, ending.nextName)
  const isPaying = (await findMoneyUnderWay(sql, userId!)).length > 0
  return {
    data: {
      ending: { ...ending, pricePaise: offered?.pricePaise ?? ending.pricePaise, isPaying },
      account: { name: mail.toName },
      seller: config.seller,
      renewUrl: `${config.baseUrl}/checkout/${ending.nextName}`,
    },
  }
}
