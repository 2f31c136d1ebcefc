const HELP =
  'Check latest errors and resolution from Merchant Dashboard API logs: https://bit.ly/4glEd0W Help Document: https://bit.ly/4eeZYO9'

/** An answer other than 200, in Cashfree's words. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly type: string
  constructor(status: number, code: string, message: string, type = 'invalid_request_error') {
    super(message)
    this.status = status
    this.code = code
    this.type = type
  }

  /** The body; versions up to 2023-08-01, 401 and 429 carry no help. */
  body(version: string) {
    const helped = version > '2023-08-01' && this.status !== 401 && this.status !== 429
    return { message: this.message, code: this.code, type: this.type, ...(helped ? { help: HELP } : {}) }
  }
}

export const refusals = {
  badUrl: () => new Refusal(400, 'request_failed', 'bad URL, please check API documentation'),
  badBody: () => new Refusal(400, 'request_invalid', 'invalid request body'),
  unauthenticated: () => new Refusal(401, 'request_failed', 'authentication Failed', 'authentication_error'),
  tooMany: () => new Refusal(429, 'request_failed', 'Too many requests from IP. Check headers', 'rate_limit_error'),
  keyReused: () =>
    new Refusal(422, 'request_invalid', 'invalid body in request for x-idempotency-key', 'idempotency_error'),
  /** `order_amount : is missing in the request. Value received: ` */
  missing: (field: string) => invalid(field, 'is missing in the request.', '', 'missing'),
  orderNotFound: () => new Refusal(404, 'order_not_found', 'Order Reference Id does not exist'),
  orderExists: () => new Refusal(409, 'order_already_exists', 'order with same id is already present'),
  orderInactive: () => new Refusal(400, 'order_inactive', 'order is no longer active'),
  paymentNotFound: () => new Refusal(404, 'payment_not_found', 'transaction not found'),
  sessionInvalid: () =>
    new Refusal(400, 'payment_session_id_invalid', 'payment_session_id is not present or is invalid', 'request_failed'),
  amountInvalid: (field: string) => new Refusal(400, `${field}_invalid`, `${field} : Invalid amount entered `),
  expiryInvalid: () =>
    new Refusal(
      400,
      'order_expiry_time_invalid',
      'order_expiry_time : Expiry time should be more than 15 min and less than 30 days',
    ),
  // Codes of mandates are documented; statuses and texts of most are not.
  mandateNotFound: () => new Refusal(404, 'subscription_does_not_exist', 'Subscription does not exist'),
  mandateInactive: () => new Refusal(400, 'subscription_inactive', 'Subscription is not active'),
  chargeNotFound: () => new Refusal(404, 'payment_not_found', 'Subscription payment does not exist'),
  notForThis: () =>
    new Refusal(400, 'payment_mode_invalid_for_action', 'Payment mode is not enabled or not valid for this action'),
  alreadyThere: (what: 'plan' | 'subscription' | 'payment' | 'refund') =>
    new Refusal(409, `${what}_already_exists`, `${what} with same id is already present`),
  notPaid: () => new Refusal(400, 'order_id_not_paid', 'transaction not found'),
}

/** `<field> : <text> Value received: <value>`, code `<field>_invalid`; nested fields keep their dot. */
export function invalid(field: string, text: string, value: unknown, kind = 'invalid'): Refusal {
  const shown = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
  return new Refusal(400, `${field}_${kind}`, `${field} : ${text} Value received: ${shown}`)
}
