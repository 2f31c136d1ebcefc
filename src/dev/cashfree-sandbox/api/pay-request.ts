import type { SandboxContext } from '../context.ts'
import type { Attempt, Method } from '../model.ts'
import { decimal, Rupees } from '../money.ts'
import { cardMethod, netbankingMethod, upiMethod, vpaPlan } from '../payment-methods.ts'
import { qrPng } from '../qr.ts'
import { type Fields, objectAt, text } from './fields.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

type ReadMethod = { method: Method; plan: (context: SandboxContext, attempt: Attempt) => void }

const APPS = ['gpay', 'phonepe', 'ola', 'paytm', 'amazon', 'airtel', 'freecharge', 'mobikwik', 'jio']
const nothing = () => {}

/** Reads `payment_method` of Order Pay; `plan` schedules what a test VPA does by itself. */
export function readMethod(methods: Fields): ReadMethod {
  const [key] = Object.keys(methods)
  if (!key) throw refusals.missing('payment_method')
  const fields = objectAt(methods, key)
  if (key === 'upi') return readUpi(fields)
  if (key === 'card') return { method: readCard(fields), plan: nothing }
  if (key === 'netbanking') return { method: readNetbanking(fields), plan: nothing }
  if (key === 'app') return { method: readApp(fields), plan: nothing }
  throw new Refusal(400, 'payment_method_unsupported', `payment_method : ${key} is not enabled`)
}

/** PayOrderEntity: where to send the customer. It has no status; the attempt exists as NOT_ATTEMPTED. */
export function payOrderEntity(context: SandboxContext, attempt: Attempt) {
  const channel = String(attempt.method.detail.channel ?? 'link')
  const page = `${context.publicUrl}/pg/view/gateway/${attempt.token}`
  const base = {
    payment_amount: new Rupees(attempt.amountPaise),
    cf_payment_id: attempt.id,
    payment_method: attempt.method.key,
    channel,
  }
  const data = { url: null, payload: null, content_type: null, method: null }
  if (attempt.method.key === 'upi')
    return { ...base, action: 'custom', data: { ...data, payload: upiPayload(channel, page, attempt) } }
  const url = channel === 'post' ? `${context.publicUrl}/pg/orders/pay/authenticate/${attempt.id}` : page
  return { ...base, action: channel === 'post' ? 'post' : 'link', data: { ...data, url } }
}

function upiPayload(channel: string, page: string, attempt: Attempt) {
  if (channel === 'collect') return null
  const link = `${page}?pa=cashfree@testbank&am=${decimal(attempt.amountPaise)}`
  if (channel === 'qrcode') return { qrcode: qrPng(link) }
  return { bhim: link, default: link, gpay: link, paytm: link, phonepe: link, web: link }
}

function readUpi(fields: Fields): ReadMethod {
  const channel = text(fields, 'channel')
  if (!['link', 'collect', 'qrcode'].includes(channel)) throw invalid('channel', 'is not valid.', channel)
  if (channel !== 'collect') return { method: upiMethod(channel, null), plan: nothing }
  const vpa = text(fields, 'upi_id')
  const answer = vpaPlan(vpa)
  if (!answer) throw new Refusal(400, 'upi_id_invalid', 'Invalid UPI ID entered')
  return {
    method: upiMethod(channel, vpa),
    plan(context, attempt) {
      // Measured: a failing VPA leaves the attempt NOT_ATTEMPTED when it is not paid through the hosted page.
      if (answer.as === 'SUCCESS' || context.settings.failingVpas === 'fail') {
        attempt.settles = { at: attempt.startedAt + context.settings.collectSettleMs, ...answer }
      }
    },
  }
}

function readCard(fields: Fields): Method {
  const channel = text(fields, 'channel')
  if (channel !== 'link' && channel !== 'post') throw invalid('channel', 'is not valid.', channel)
  const number = text(fields, 'card_number').replaceAll(' ', '')
  for (const name of ['card_expiry_mm', 'card_expiry_yy', 'card_cvv']) text(fields, name)
  const method = cardMethod(number, channel)
  if (!method) throw invalid('card_number', 'is not a valid card number.', '')
  return method
}

function readNetbanking(fields: Fields): Method {
  const channel = text(fields, 'channel')
  if (channel !== 'link') throw invalid('channel', 'is not valid.', channel)
  const code = String(fields.netbanking_bank_code ?? fields.netbanking_bank_name ?? '')
  if (!code) throw refusals.missing('netbanking_bank_code')
  if (!/^(\d{4}|[A-Z]{5})$/.test(code)) throw invalid('netbanking_bank_code', 'is not valid.', code)
  return netbankingMethod(code)
}

function readApp(fields: Fields): Method {
  text(fields, 'channel')
  const provider = text(fields, 'provider')
  if (!APPS.includes(provider)) throw invalid('provider', 'is not valid.', provider)
  return { key: 'app', group: 'wallet', detail: { channel: 'link', provider, phone: text(fields, 'phone') } }
}
