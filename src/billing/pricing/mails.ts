import type { Services } from '../../platform/services.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { findAnnouncement } from './queries.ts'

/** The mail that announces a new price to present subscribers. */
export const priceMails = (services: Services): Pick<Composers, 'price-change'> => ({
  'price-change': (mail) => composeAnnouncement(services, mail),
})

async function composeAnnouncement(
  { sql, config }: Services,
  mail: { subjectKey: string; toName: string },
): Promise<Composed | null> {
  const [changeId, userId] = mail.subjectKey.split(':')
  const change = await findAnnouncement(sql, changeId!, userId!)
  if (!change) return null
  return {
    data: {
      change,
      account: { name: mail.toName },
      seller: config.seller,
      planUrl: `${config.baseUrl}/account/plan`,
    },
  }
}
