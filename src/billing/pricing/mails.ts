import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { findAnnouncement } from './queries.ts'

/** The mails that announce a new price to present subscribers, and that say it was taken back. */
export const priceMails = (services: Services): Pick<Composers, 'price-change' | 'price-stays'> => ({
  'price-change': (mail) => composeAnnouncement(services, mail, { isTakenBack: false }),
  'price-stays': (mail) => composeAnnouncement(services, mail, { isTakenBack: true }),
})

async function composeAnnouncement(
  { sql, config }: Services,
  mail: { subjectKey: string; toName: string },
  about: { isTakenBack: boolean },
): Promise<Composed | null> {
  const [changeId, userId] = mail.subjectKey.split(':')
  const change = await findAnnouncement(sql, changeId!, userId!, about)
  if (!change) return null
  return {
    data: {
      change,
      account: { name: mail.toName },
      seller: config.seller,
      planUrl: `${config.baseUrl}/account/plan`,
      autopayUrl: `${config.baseUrl}/account/autopay`,
      isAutopayOffered: config.cashfree.autopay,
    },
  }
}
