import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

/** Origins of Cashfree's checkout: its script, and its API, to which forms post and which frames load. */
export type CheckoutOrigins = { script: string; api: string; https: boolean }

declare module 'fastify' {
  interface FastifyReply {
    /** Extends the Content-Security-Policy for the one page that loads Cashfree's script. */
    allowCheckout(): FastifyReply
  }
}

/** The security headers of every answer, 404s and errors included, written out in full. */
export default fp<CheckoutOrigins>(
  async (app: FastifyInstance, origins) => {
    const everywhere = {
      'content-security-policy': policy(origins, false),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // Not `no-referrer`: with it Chromium sends `Origin: null` on our own forms.
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), payment=(self)',
      ...(origins.https ? { 'strict-transport-security': 'max-age=63072000; includeSubDomains' } : {}),
    }
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(everywhere)
      done()
    })
    app.decorateReply('allowCheckout', function (this: FastifyReply) {
      return this.headers({
        'content-security-policy': policy(origins, true),
        // Banks open pop-ups from Cashfree's window and post messages to it; Cashfree's domain check reads the referrer.
        'cross-origin-opener-policy': 'same-origin-allow-popups',
        'referrer-policy': 'strict-origin-when-cross-origin',
      })
    })
  },
  { name: 'headers' },
)

const cashfreeFrames = [
  'https://sdk.cashfree.com',
  'https://api.cashfree.com',
  'https://sandbox.cashfree.com',
  'https://payments.cashfree.com',
  'https://payments-test.cashfree.com',
]

function policy({ script, api, https }: CheckoutOrigins, checkout: boolean): string {
  const gateway = checkout ? ` ${[...new Set([api, script, ...cashfreeFrames])].join(' ')}` : ''
  return [
    `default-src 'none'`,
    `script-src 'self'${checkout ? ` ${script}` : ''}`,
    `style-src 'self'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'${gateway}`,
    `form-action 'self'${gateway}`,
    `frame-ancestors 'none'`,
    checkout ? `frame-src${gateway}` : `frame-src 'none'`,
    `base-uri 'none'`,
    `object-src 'none'`,
    `manifest-src 'self'`,
    ...(https ? ['upgrade-insecure-requests'] : []),
  ].join('; ')
}
