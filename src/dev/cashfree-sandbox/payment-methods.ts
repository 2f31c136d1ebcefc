import type { Attempt, Method } from './model.ts'
import { reasonNamed } from './reasons.ts'

type Card = { number: string; network: string; type: 'debit_card' | 'credit_card'; sub: 'R' | 'P' | 'C' }

/** Cashfree's published test cards: any future expiry, any CVV, OTP 111000. */
export const TEST_CARDS: Card[] = [
  ...cards('visa', 'debit_card', 'R', '4706131211212123', '4062288312345026'),
  ...cards('visa', 'credit_card', 'R', '4111111111111111', '4576238912771450', '4444333322221111'),
  ...cards('visa', 'credit_card', 'P', '4466050254381183', '4136880012657791'),
  ...cards('visa', 'credit_card', 'C', '4074970084343075', '4770355457382883'),
  ...cards('mastercard', 'debit_card', 'R', '5409162669381034', '5445856839524391'),
  ...cards('mastercard', 'credit_card', 'R', '5105105105105100', '5176539438527826'),
  ...cards('rupay', 'debit_card', 'R', '6074825972083818', '6074828163369590'),
  ...cards('rupay', 'credit_card', 'R', '6528591234543575'),
]

type Settles = NonNullable<Attempt['settles']>
type VpaAnswer = Pick<Settles, 'as' | 'reason'>

/** Test VPAs of the gocash handle and what each does by itself. */
export const TEST_VPAS: Record<string, VpaAnswer> = {
  testsuccess: { as: 'SUCCESS' },
  testfailure: { as: 'FAILED', reason: reasonNamed('bank_rejected') },
  testdeclineuser: { as: 'FAILED', reason: reasonNamed('auth_declined') },
  testexpired: { as: 'FAILED', reason: reasonNamed('request_expired') },
  testtimeoutbank: { as: 'FAILED', reason: reasonNamed('bank_timeout') },
  testremittertimeout: { as: 'FAILED', reason: reasonNamed('bank_timeout') },
  testinsufficientfunds: { as: 'FAILED', reason: reasonNamed('insufficient_funds') },
  testinvalidpin: { as: 'FAILED', reason: reasonNamed('invalid_pin') },
  testdebitfailed: { as: 'FAILED', reason: reasonNamed('debit_failed') },
  testfraud: { as: 'FAILED', reason: reasonNamed('fraud') },
  testuserdropped: { as: 'USER_DROPPED' },
}

/** What a VPA will do; null when it does not exist (`testinvalid@gocash` and everything that is not a test VPA). */
export function vpaPlan(vpa: string): VpaAnswer | null {
  const [name = '', handle] = vpa.trim().toLowerCase().split('@')
  return handle === 'gocash' && Object.hasOwn(TEST_VPAS, name) ? TEST_VPAS[name]! : null
}

/** The payment method of a UPI attempt. */
export function upiMethod(channel: string, vpa: string | null): Method {
  return {
    key: 'upi',
    group: 'upi',
    detail: {
      channel,
      upi_id: vpa,
      upi_instrument: 'UPI',
      upi_instrument_number: '',
      upi_payer_ifsc: '',
      upi_payer_account_number: '',
    },
  }
}

/** A test card; null for any other number. */
export function cardMethod(number: string, channel: string): Method | null {
  const card = TEST_CARDS.find((known) => known.number === number)
  if (!card) return null
  return {
    key: 'card',
    group: card.type,
    detail: {
      channel,
      card_number: `XXXXXXXXXXXX${number.slice(-4)}`,
      card_network: card.network,
      card_type: card.type,
      card_sub_type: card.sub,
      card_country: 'IN',
      card_bank_name: 'TEST Bank',
      card_network_reference_id: null,
      instrument_id: null,
    },
  }
}

/** The test bank, or another by its code. */
export function netbankingMethod(code = '3333'): Method {
  const name = code === '3333' || code === 'TESTR' ? 'TEST Bank' : `Bank ${code}`
  return {
    key: 'netbanking',
    group: 'net_banking',
    detail: { channel: 'link', netbanking_bank_code: code, netbanking_bank_name: name },
  }
}

function cards(network: string, type: Card['type'], sub: Card['sub'], ...numbers: string[]): Card[] {
  return numbers.map((number) => ({ number, network, type, sub }))
}
