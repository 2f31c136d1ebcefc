import type { Attempt, Method } from '../model.ts'
import { cardMethod, netbankingMethod, upiMethod, vpaPlan } from '../payment-methods.ts'
import type { Mistake } from './choose-page.ts'

export type ChosenForm = {
  method?: string
  upi_id?: string
  card_number?: string
  card_expiry?: string
  card_cvv?: string
}

type Answer = Pick<NonNullable<Attempt['settles']>, 'as' | 'reason'>
type Choice = { method: Method; answer?: Answer } | { mistake: Mistake }

/** Reads the hosted page's form; a mistake names its field and what was typed. */
export function readChoice(form: ChosenForm): Choice {
  if (form.method === 'card') return readCard(form)
  if (form.method === 'netbanking') return { method: netbankingMethod() }
  if (form.method === 'upi-collect') return readCollect(form)
  return { method: upiMethod('qrcode', null) }
}

function readCollect({ upi_id = '' }: ChosenForm): Choice {
  const answer = vpaPlan(upi_id)
  if (answer) return { method: upiMethod('collect', upi_id.trim()), answer }
  return { mistake: { field: 'upi_id', text: 'Invalid UPI ID. Only the test IDs below work here.', typed: upi_id } }
}

function readCard({ card_number = '', card_expiry = '', card_cvv = '' }: ChosenForm): Choice {
  const method = cardMethod(card_number.replaceAll(/[\s-]/g, ''), 'link')
  // What was typed may be a real card, so it is not printed back.
  if (!method) {
    return { mistake: { field: 'card_number', text: 'Only the test cards listed below work here.', typed: '' } }
  }
  if (!/^(0[1-9]|1[0-2])\s*\/\s*(20)?\d\d$/.test(card_expiry.trim())) {
    return { mistake: { field: 'card_expiry', text: 'Month and year, like 03/28.', typed: card_expiry } }
  }
  if (!/^\d{3,4}$/.test(card_cvv)) return { mistake: { field: 'card_cvv', text: 'Three digits.', typed: '' } }
  return { method }
}
