import type { Services } from '../../platform/services.ts'
import type { Mail } from '../../records/mails/queries.ts'
import type { Composed, Composers } from '../../records/mails/registry.ts'
import { hashOfGiftCode, newGiftCode } from './gift-code.ts'
import { findGiftInMail, setGiftCode } from './queries.ts'

/** The mails about a gift: its code, to the recipient; that it was bought and redeemed, to the buyer; what it began, to whoever redeemed it. */
export const giftMails = (
  services: Services,
): Pick<Composers, 'gift' | 'gift-bought' | 'gift-redeemed' | 'gift-started'> => ({
  gift: (mail, how) => composeCode(services, mail, how),
  'gift-bought': (mail) => composeNotice(services, mail),
  'gift-redeemed': (mail) => composeNotice(services, mail),
  'gift-started': (mail) => composeNotice(services, mail),
})

/**
 * The mail with the code. The code is made here, when the mail is about to be sent, and kept only as a hash; for a preview none
 * is made. Null: the gift is redeemed, void or over, or a newer mail was asked for.
 */
async function composeCode(
  { sql, config }: Services,
  mail: Mail,
  { preview } = { preview: false },
): Promise<Composed | null> {
  const gift = await findGiftInMail(sql, mail.subjectKey)
  const code = preview ? '(hidden)' : newGiftCode()
  if (!gift || !(preview || (await setGiftCode(sql, mail, hashOfGiftCode(code))))) return null
  return {
    // Sent again it is another mail: the code in the one before works no more.
    messageKey: `gift.${mail.subjectKey}.${mail.copy}.${mail.attempts}`,
    data: {
      gift,
      code,
      account: { name: mail.toName },
      seller: config.seller,
      redeemUrl: `${config.baseUrl}/redeem?code=${preview ? '' : code}`,
    },
  }
}

async function composeNotice({ sql, config }: Services, mail: Mail): Promise<Composed | null> {
  const gift = await findGiftInMail(sql, mail.subjectKey)
  if (!gift || gift.voidedAt) return null
  return {
    data: {
      gift,
      account: { name: mail.toName },
      seller: config.seller,
      giftsUrl: `${config.baseUrl}/account/gifts`,
      dashboardUrl: `${config.baseUrl}/dashboard`,
    },
  }
}
