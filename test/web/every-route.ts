import { type Answer, Visitor } from '../support/visitor.ts'
import { hiddenIn, type Ids, type WebFixture, type Who } from './fixture.ts'

/**
 * Who may. `everybody`: nobody is asked who they are. `signed-in`: each about themselves. `owner`: for everybody else it
 * does not exist; `owner, panel`: administrators see it as well. `panel`: administrators of both roles, for subscribers it
 * does not exist. `money`: only administrators who may change things. `machines`: whoever proves it in another way.
 */
export type May = 'everybody' | 'signed-in' | 'owner' | 'owner, panel' | 'panel' | 'money' | 'machines'

export type Endpoint = {
  may: May
  /** What stands for the parameters; the route itself where it has none. */
  path?: (ids: Ids) => string
  /** What is posted. With `formAt`, on top of what the form on that page carries. */
  form?: (ids: Ids) => Record<string, string>
  formAt?: (ids: Ids) => string
  /** The status for those who may: 200 of what is looked at, 303 of what is posted, unless said here. */
  answers?: number
  /** People for whom it is another one, for a reason of its own. */
  except?: Partial<Record<Who, number>>
  /** The session is over afterwards. */
  ends?: true
}

const onlyHalf = { except: { visitor: 303, half: 200 } }

/** Another answer for those whose subscription does not run. */
const paying = (status: number) => ({ except: { other: status, reader: status, money: status } })

/** Every route of the product. Whoever adds one says here who may. */
export const endpoints: Record<string, Endpoint> = {
  // The public site
  'GET /': { may: 'everybody' },
  'GET /contact': { may: 'everybody' },
  'GET /complaint': { may: 'everybody' },
  'POST /complaint': { may: 'everybody', form: () => ({ name: '' }), answers: 422 },
  'GET /disclaimer': { may: 'everybody' },
  'GET /open-week': { may: 'everybody' },
  'GET /developers': { may: 'everybody' },
  'GET /methodology': { may: 'everybody' },
  'GET /privacy': { may: 'everybody' },
  'GET /refunds': { may: 'everybody' },
  'GET /terms': { may: 'everybody' },
  'GET /assets/*': { may: 'everybody' },
  'GET /assets/:file': { may: 'everybody', path: () => '/assets/app.0123456789ab.css' },
  'GET /favicon.ico': { may: 'everybody' },
  'GET /apple-touch-icon.png': { may: 'everybody' },
  'GET /robots.txt': { may: 'everybody' },
  'GET /sitemap.xml': { may: 'everybody' },
  'GET /.well-known/change-password': { may: 'everybody', answers: 302 },
  'GET /.well-known/security.txt': { may: 'everybody' },
  'POST /announcements/:id/closed': { may: 'everybody', path: () => '/announcements/1/closed' },
  'GET /register': { may: 'everybody', answers: 303 },
  'POST /register/email-advice': { may: 'everybody', form: () => ({ email: 'asha@gmial.com' }), answers: 200 },
  'POST /register': { may: 'everybody', form: () => ({ name: '' }), answers: 422 },

  // Getting in and out
  'GET /login': { may: 'everybody', answers: 303, except: { visitor: 200 } },
  'POST /login': { may: 'everybody', form: () => ({ login: 'nobody' }), answers: 422 },
  'GET /login/authenticator': { may: 'everybody', answers: 303 },
  'POST /login/authenticator': { may: 'everybody', answers: 303 },
  'GET /login/link': { may: 'everybody' },
  'POST /login/link': { may: 'everybody', form: () => ({ email: 'nobody@example.in' }) },
  'POST /login/link/use': { may: 'everybody', answers: 422 },
  'GET /renew/:token': { may: 'everybody', path: () => '/renew/unknown', answers: 404 },
  'POST /renew/:token': { may: 'everybody', path: () => '/renew/unknown', answers: 404 },
  'GET /renew/:token/stop': { may: 'everybody', path: () => '/renew/unknown/stop', answers: 404 },
  'POST /renew/:token/reminders': { may: 'everybody', path: () => '/renew/unknown/reminders', answers: 404 },
  'POST /renew/:token/stop': { may: 'machines', path: () => '/renew/unknown/stop', answers: 404 },
  'GET /login/code': { may: 'everybody', answers: 303, ...onlyHalf },
  'POST /login/code': { may: 'everybody', answers: 303, except: { half: 422 } },
  'GET /login/recovery-codes': { may: 'signed-in', answers: 303 },
  'POST /login/recovery-codes': { may: 'signed-in' },
  'POST /logout': { may: 'everybody', answers: 303, ends: true },
  'GET /forgot-password': { may: 'everybody' },
  'POST /forgot-password': { may: 'everybody', form: () => ({ email: 'nobody@example.in' }) },
  'GET /reset-password': { may: 'everybody' },
  'POST /reset-password': { may: 'everybody', answers: 422 },
  'GET /verify-email': { may: 'everybody' },
  'POST /verify-email': { may: 'everybody', answers: 422 },

  // A subscriber's own
  'GET /dashboard': { may: 'signed-in' },
  'GET /account': { may: 'signed-in' },
  'GET /account/data': { may: 'signed-in' },
  'GET /account/data.csv': { may: 'signed-in' },
  'GET /account/data.json': { may: 'signed-in' },
  'GET /account/privacy': { may: 'signed-in' },
  'GET /account/plan': { may: 'signed-in' },
  'GET /account/autopay': { may: 'signed-in' },
  'POST /account/autopay': { may: 'signed-in', form: () => ({ consent: 'of another day' }), answers: 422 },
  'POST /account/autopay/cancel': { may: 'signed-in' },
  'POST /account/autopay/charge/cancel': { may: 'signed-in', form: () => ({ charge: 'unknown' }), answers: 404 },
  'GET /account/subscription/cancel': { may: 'signed-in', answers: 303, except: { owner: 200 } },
  'POST /account/subscription/cancel': {
    may: 'signed-in',
    form: () => ({ reason: 'nothing offered' }),
    answers: 422,
    except: { other: 303, reader: 303, money: 303 },
  },
  'POST /account/subscription/resume': { may: 'signed-in', except: { other: 409, reader: 409, money: 409 } },
  'POST /account/plan/switch': { may: 'signed-in', form: () => ({ plan: 'nothing' }), answers: 422 },
  'POST /account/plan/next': { may: 'signed-in', form: () => ({ plan: 'monthly' }) },
  'POST /account/plan/next/withdrawal': { may: 'signed-in' },
  'GET /account/profile': { may: 'signed-in' },
  'GET /account/reports': { may: 'signed-in' },
  'POST /account/reports': {
    may: 'signed-in',
    form: () => ({ cadence: 'weekly', weekday: '6', time: '08:00', map: 'yes' }),
  },
  'GET /account/alerts': { may: 'signed-in' },
  'POST /account/alerts': {
    may: 'signed-in',
    form: () => ({ on: 'yes', step: 'week', scope: 'all', quadrant: 'yes' }),
  },
  'POST /account/reports/link': { may: 'signed-in' },
  'GET /account/api-keys': { may: 'signed-in' },
  'POST /account/api-keys': { may: 'signed-in', form: () => ({ name: '' }), answers: 422 },
  'POST /account/api-keys/:handle/revocation': {
    may: 'signed-in',
    path: () => '/account/api-keys/00000000-0000-4000-8000-000000000000/revocation',
  },
  // For whoever has paid; to others they come with a plan.
  'GET /account/reports/preview': { may: 'signed-in', ...paying(404) },
  'GET /account/reports/preview.txt': { may: 'signed-in', ...paying(404) },
  'POST /account/reports/now': { may: 'signed-in', form: () => ({ key: 'abcdefgh' }), ...paying(409) },
  // An administrator's own authenticator app and recovery codes.
  'GET /account/security/second-factor': { may: 'panel' },
  'GET /account/security/second-factor/recovery-codes': { may: 'panel' },
  'POST /account/security/second-factor/recovery-codes': {
    may: 'panel',
    formAt: () => '/account/security/second-factor/recovery-codes',
  },
  'GET /account/security/second-factor/app': { may: 'panel' },
  'POST /account/security/second-factor/app': { may: 'panel' },
  'GET /account/security/second-factor/app/code': { may: 'panel', answers: 303 },
  'POST /account/security/second-factor/app/code': { may: 'panel', answers: 422 },
  'GET /dashboard/sectors/:symbol': {
    may: 'signed-in',
    path: () => '/dashboard/sectors/BANKBEES',
    ...paying(303),
  },
  'GET /dashboard/compare': {
    may: 'signed-in',
    path: () => '/dashboard/compare?with=BANKBEES&with=ITBEES',
    ...paying(303),
  },
  'GET /dashboard/compare.csv': {
    may: 'signed-in',
    path: () => '/dashboard/compare.csv?with=BANKBEES&with=ITBEES',
    ...paying(303),
  },
  'GET /dashboard/what-followed': { may: 'signed-in', ...paying(303) },
  'GET /dashboard/table.csv': { may: 'signed-in', ...paying(303) },
  'GET /dashboard/watch-list': { may: 'signed-in', ...paying(303) },
  'POST /dashboard/watch-list': { may: 'signed-in', form: () => ({ star: 'BANKBEES' }) },
  'GET /dashboard/map.csv': { may: 'signed-in', ...paying(303) },
  'GET /dashboard/map.json': { may: 'signed-in', ...paying(303) },
  'GET /dashboard/map.png': { may: 'signed-in', ...paying(303) },
  'GET /account/security': { may: 'signed-in' },
  'GET /account/sessions': { may: 'signed-in' },
  'POST /account/delete': { may: 'signed-in', answers: 422, except: { reader: 409, money: 409 } },
  'POST /account/privacy/consent': { may: 'signed-in', form: () => ({ consent: 'given' }) },
  // Gifts: everybody may redeem, who is signed in may buy.
  'GET /gift': { may: 'everybody', except: { half: 303 } },
  'POST /gift': { may: 'signed-in', form: () => ({ recipient: '' }), answers: 422 },
  'GET /checkout/gift/:orderId': { may: 'owner', path: ({ giftOrder }) => `/checkout/gift/${giftOrder}` },
  'GET /account/gifts': { may: 'signed-in' },
  'POST /account/gifts/:id': {
    may: 'owner',
    path: ({ gift }) => `/account/gifts/${gift}`,
    form: () => ({ recipient: 'Ravi', email: 'ravi@example.in' }),
  },
  'GET /redeem': { may: 'everybody' },
  'POST /redeem': { may: 'signed-in', form: () => ({ code: 'AAAA' }), answers: 422 },
  'GET /redeem/register': { may: 'everybody', answers: 303, except: { visitor: 200, half: 200 } },
  'POST /redeem/register': { may: 'everybody', form: () => ({ name: '' }), answers: 422 },
  'GET /account/company': { may: 'signed-in' },
  'POST /account/company': { may: 'signed-in', form: () => ({ company: 'Rao Traders' }) },
  'POST /account/reports/reminders': { may: 'signed-in', form: () => ({ reminders: 'on' }) },
  'POST /account/profile': { may: 'signed-in', form: () => ({ name: 'Asha', phone: '9876500001', state: '27' }) },
  'POST /account/security/email': { may: 'signed-in', answers: 422 },
  'POST /account/security/password': { may: 'signed-in', answers: 422 },
  'POST /account/security/reachable': { may: 'signed-in' },
  'POST /account/security/verification': { may: 'signed-in' },
  'POST /account/sessions/:handle/end': {
    may: 'signed-in',
    path: ({ ownerSession }) => `/account/sessions/${ownerSession}/end`,
  },
  'POST /account/sessions/others/end': { may: 'signed-in' },
  'POST /account/sessions/end': { may: 'signed-in', ends: true },
  'GET /checkout/:plan': { may: 'signed-in', path: () => '/checkout/monthly' },
  'POST /checkout/:plan': { may: 'signed-in', path: () => '/checkout/monthly' },
  'POST /checkout/:plan/restart': { may: 'signed-in', path: () => '/checkout/monthly/restart' },
  'POST /checkout/skip': { may: 'signed-in' },
  'POST /checkout/state': { may: 'owner', form: ({ openOrder }) => ({ order: openOrder, state: '27' }) },
  // It sets no cookie, so that everybody goes on as who they are.
  'POST /payment/return': {
    may: 'everybody',
    path: ({ paidOrder }) => `/payment/return?order_id=${paidOrder}`,
    answers: 303,
  },
  'POST /autopay/return/:mandate': { may: 'everybody', path: () => '/autopay/return/x', answers: 303 },
  'GET /payment/return': {
    may: 'owner',
    path: ({ paidOrder }) => `/payment/return?order_id=${paidOrder}`,
    // Without a session the page says the same of every order.
    except: { visitor: 200, half: 200 },
  },
  // Nobody has this one. Without a session the page says the same of every mandate.
  'GET /autopay/return/:mandate': {
    may: 'everybody',
    path: () => '/autopay/return/x',
    answers: 404,
    except: { visitor: 200, half: 200 },
  },
  'GET /autopay/status/:mandate': { may: 'signed-in', path: () => '/autopay/status/unknown', answers: 404 },
  'GET /payment/under-way': { may: 'signed-in', answers: 204 },
  'GET /payment/status/:orderId': { may: 'owner', path: ({ paidOrder }) => `/payment/status/${paidOrder}` },
  'GET /credit-notes/:file': { may: 'owner, panel', path: () => '/credit-notes/C2627-000001' },
  'GET /receipts/:file': { may: 'owner, panel', path: ({ receipt }) => `/receipts/${receipt}` },
  'GET /api/mandate': { may: 'signed-in' },
  'GET /api/ranks': { may: 'signed-in', ...paying(403) },
  'GET /api/sectors/:symbol/series': { may: 'signed-in', path: () => '/api/sectors/BANKBEES/series', ...paying(403) },
  'GET /api/payment-status/:orderId': { may: 'owner', path: ({ paidOrder }) => `/api/payment-status/${paidOrder}` },
  'POST /api/create-cashfree-order': { may: 'signed-in', form: () => ({ plan: 'monthly' }), answers: 200 },
  'POST /api/create-payment-token': {
    may: 'owner',
    form: ({ openOrder }) => ({ orderId: openOrder }),
    answers: 200,
  },

  // The panel
  'GET /admin': { may: 'panel' },
  'GET /admin/search': { may: 'panel' },
  'GET /admin/announcements': { may: 'panel' },
  'GET /admin/audit': { may: 'panel' },
  'GET /admin/audit.csv': { may: 'panel' },
  'GET /admin/audit/verify': { may: 'panel' },
  'POST /admin/audit/verify': { may: 'panel', answers: 200 },
  'GET /admin/gifts': { may: 'panel' },
  'GET /admin/gifts.csv': { may: 'panel' },
  'GET /admin/disputes': { may: 'panel' },
  'GET /admin/disputes.csv': { may: 'panel' },
  'GET /admin/reminders': { may: 'panel' },
  'GET /admin/visits': { may: 'panel' },
  'GET /admin/coupons': { may: 'panel' },
  'GET /admin/coupons/:code': { may: 'panel', path: () => '/admin/coupons/WALK20' },
  'GET /admin/complaints': { may: 'panel' },
  'GET /admin/complaints.csv': { may: 'panel' },
  'GET /admin/complaints/:number': { may: 'panel', path: ({ complaint }) => `/admin/complaints/${complaint}` },
  'GET /admin/incidents': { may: 'panel' },
  'GET /admin/incidents.csv': { may: 'panel' },
  'GET /admin/incidents/:id': { may: 'panel', path: ({ incident }) => `/admin/incidents/${incident}` },
  'GET /admin/jobs': { may: 'panel' },
  'GET /admin/jobs.csv': { may: 'panel' },
  'GET /admin/mails': { may: 'panel' },
  'GET /admin/mails.csv': { may: 'panel' },
  'GET /admin/mails/:id': { may: 'panel', path: ({ mail }) => `/admin/mails/${mail}` },
  'GET /admin/mails/:id/preview': { may: 'panel', path: ({ mail }) => `/admin/mails/${mail}/preview` },
  'GET /admin/mandates': { may: 'panel' },
  'GET /admin/mandates.csv': { may: 'panel' },
  'GET /admin/mandates/:id': { may: 'panel', path: ({ mandate }) => `/admin/mandates/${mandate}` },
  // Nobody has this mandate.
  'POST /admin/mandates/:id/look': { may: 'money', path: () => '/admin/mandates/unknown/look', answers: 404 },
  'GET /admin/mandates/:id/stop': { may: 'money', path: () => '/admin/mandates/unknown/stop', answers: 404 },
  'POST /admin/mandates/:id/stop': { may: 'money', path: () => '/admin/mandates/unknown/stop', answers: 404 },
  'GET /admin/mandates/:id/raise': { may: 'money', path: () => '/admin/mandates/unknown/raise', answers: 404 },
  'POST /admin/mandates/:id/raise': { may: 'money', path: () => '/admin/mandates/unknown/raise', answers: 404 },
  'GET /admin/orders': { may: 'panel' },
  'GET /admin/orders.csv': { may: 'panel' },
  'GET /admin/orders/:id': { may: 'panel', path: ({ paidOrder }) => `/admin/orders/${paidOrder}` },
  'GET /admin/orders/:id/cashfree': {
    may: 'panel',
    path: ({ paidOrder }) => `/admin/orders/${paidOrder}/cashfree`,
    answers: 303,
  },
  'GET /admin/orders/payments': { may: 'panel' },
  'GET /admin/orders/payments.csv': { may: 'panel' },
  'GET /admin/plans': { may: 'panel' },
  'GET /admin/plans.csv': { may: 'panel' },
  'GET /admin/receipts': { may: 'panel' },
  'GET /admin/receipts.csv': { may: 'panel' },
  'GET /admin/receipts/gstr1.zip': { may: 'panel' },
  'GET /admin/receipts/tally.csv': { may: 'panel' },
  'GET /admin/refunds': { may: 'panel' },
  'GET /admin/refunds.csv': { may: 'panel' },
  'GET /admin/refunds/:id': { may: 'panel', path: ({ refund }) => `/admin/refunds/${refund}` },
  'GET /admin/refunds/:id/progress': { may: 'panel', path: ({ refund }) => `/admin/refunds/${refund}/progress` },
  'GET /admin/subscribers': { may: 'panel' },
  'GET /admin/subscribers.csv': { may: 'panel' },
  'GET /admin/subscribers/:id': { may: 'panel', path: ({ owner }) => `/admin/subscribers/${owner}` },
  'GET /admin/webhooks': { may: 'panel' },
  'GET /admin/webhooks.csv': { may: 'panel' },
  'GET /admin/webhooks/:id': { may: 'panel', path: ({ delivery }) => `/admin/webhooks/${delivery}` },

  'GET /admin/market': { may: 'panel' },
  'GET /admin/market/feed': { may: 'panel' },
  'GET /admin/market/holidays': { may: 'panel' },
  'GET /admin/market/imports': { may: 'panel' },
  'GET /admin/market/imports/:id': { may: 'panel', path: ({ held }) => `/admin/market/imports/${held}` },
  'GET /admin/market/instruments': { may: 'panel' },
  'GET /admin/market/instruments/:symbol': { may: 'panel', path: () => '/admin/market/instruments/BANKBEES' },
  'GET /admin/market/splits': { may: 'panel' },

  // Its acts, and the pages that ask before them
  'POST /admin/announcements': { may: 'money', form: () => ({ text: '' }), answers: 422 },
  'POST /admin/announcements/:id/on': { may: 'money', path: () => '/admin/announcements/1/on' },
  'POST /admin/announcements/:id/off': { may: 'money', path: () => '/admin/announcements/1/off' },
  'POST /admin/coupons': { may: 'money', form: () => ({ code: '' }), answers: 422 },
  'POST /admin/coupons/:code/withdrawal': { may: 'money', path: () => '/admin/coupons/WALK20/withdrawal' },
  'POST /admin/complaints/:number/answer': {
    may: 'money',
    path: ({ complaint }) => `/admin/complaints/${complaint}/answer`,
    form: () => ({ answer: 'Sorry, it is mended.' }),
  },
  'GET /admin/receipts/:number/correction': {
    may: 'money',
    path: ({ receipt }) => `/admin/receipts/${receipt}/correction`,
  },
  'POST /admin/receipts/:number/correction': {
    may: 'money',
    path: ({ receipt }) => `/admin/receipts/${receipt}/correction`,
  },
  'POST /admin/incidents/:id/resolution': {
    may: 'money',
    path: ({ incident }) => `/admin/incidents/${incident}/resolution`,
    form: () => ({ resolution: 'Told them by phone' }),
  },
  'POST /admin/jobs/:name/run': { may: 'money', path: () => '/admin/jobs/clean/run' },
  'POST /admin/jobs/:name/retry': { may: 'money', path: () => '/admin/jobs/deliver-mails/retry' },
  'POST /admin/mails/:id/copies': {
    may: 'money',
    path: ({ mail }) => `/admin/mails/${mail}/copies`,
    form: () => ({ copy: '1' }),
  },
  'GET /admin/mails/suppressions': { may: 'panel' },
  'POST /admin/mails/suppressions/:id/lift': { may: 'money', path: () => '/admin/mails/suppressions/1/lift' },
  'POST /admin/mails/resume': { may: 'money', path: () => '/admin/mails/resume' },
  'POST /admin/mails/:id/retry': { may: 'money', path: ({ mail }) => `/admin/mails/${mail}/retry` },
  'GET /admin/orders/:id/terminate': {
    may: 'money',
    path: ({ waitingOrder }) => `/admin/orders/${waitingOrder}/terminate`,
  },
  'POST /admin/orders/:id/terminate': {
    may: 'money',
    path: ({ waitingOrder }) => `/admin/orders/${waitingOrder}/terminate`,
    formAt: ({ waitingOrder }) => `/admin/orders/${waitingOrder}/terminate`,
  },
  'POST /admin/orders/:id/settle': { may: 'money', path: ({ paidOrder }) => `/admin/orders/${paidOrder}/settle` },
  'GET /admin/plans/:key/price': { may: 'money', path: () => '/admin/plans/monthly_v1/price' },
  'POST /admin/plans/:key/price': {
    may: 'money',
    path: () => '/admin/plans/monthly_v1/price',
    form: () => ({ price: '549' }),
  },
  'GET /admin/plans/changes/:id': { may: 'money', path: () => '/admin/plans/changes/1', answers: 404 },
  'POST /admin/plans/changes/:id/withdrawal': {
    may: 'money',
    path: () => '/admin/plans/changes/1/withdrawal',
    answers: 404,
  },
  'GET /admin/plans/:key/sale': { may: 'money', path: () => '/admin/plans/annual_v1/sale' },
  'POST /admin/plans/:key/withdrawal': { may: 'money', path: () => '/admin/plans/annual_v1/withdrawal' },
  'POST /admin/plans/:key/offer': { may: 'money', path: () => '/admin/plans/annual_v1/offer' },
  'GET /admin/refunds/of/:cfPaymentId': { may: 'money', path: ({ payment }) => `/admin/refunds/of/${payment}` },
  'POST /admin/refunds/of/:cfPaymentId': {
    may: 'money',
    path: ({ payment }) => `/admin/refunds/of/${payment}`,
    formAt: ({ payment }) => `/admin/refunds/of/${payment}?amount=50`,
    form: () => ({ reason: 'Another part', amount_again: '50' }),
  },
  'POST /admin/refunds/:id/ask': { may: 'money', path: ({ refund }) => `/admin/refunds/${refund}/ask` },
  'GET /admin/subscribers/:id/:act': { may: 'money', path: ({ owner }) => `/admin/subscribers/${owner}/grant` },
  'POST /admin/subscribers/:id/:act': {
    may: 'money',
    path: ({ owner }) => `/admin/subscribers/${owner}/grant`,
    formAt: ({ owner }) => `/admin/subscribers/${owner}/grant?days=3`,
    form: () => ({ reason: 'The site was down' }),
  },
  'POST /admin/subscribers/:id/notes': {
    may: 'money',
    path: ({ owner }) => `/admin/subscribers/${owner}/notes`,
    form: () => ({ text: 'Called, all is well', key: '0192b1a4-0000-4000-8000-000000000001' }),
  },
  'POST /admin/subscribers/:id/notes/:note/removal': {
    may: 'money',
    path: ({ owner }) => `/admin/subscribers/${owner}/notes/0192b1a4-0000-4000-8000-000000000009/removal`,
  },
  'POST /admin/webhooks/:id/replay': { may: 'money', path: ({ delivery }) => `/admin/webhooks/${delivery}/replay` },

  'POST /admin/market/holidays': { may: 'money', form: () => ({ lines: '2027-01-26 Republic Day' }) },
  'POST /admin/market/holidays/removal': { may: 'money', form: () => ({ day: '2027-01-26' }) },
  // Files come another way; a form without one is refused.
  'POST /admin/market/imports': { may: 'money', answers: 422 },
  'POST /admin/market/imports/:id/commit': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/commit`,
    formAt: ({ held }) => `/admin/market/imports/${held}`,
  },
  'POST /admin/market/imports/:id/decisions': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/decisions`,
    form: () => ({ symbol: 'BANKBEES', day: '2026-11-20', what: 'own' }),
    answers: 409,
  },
  'POST /admin/market/imports/:id/decisions/removal': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/decisions/removal`,
    form: () => ({ symbol: 'BANKBEES', day: '2026-11-20' }),
  },
  // Nothing is asked about this import, and the other has no such file.
  'POST /admin/market/imports/:id/questions': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/questions`,
    form: () => ({ kind: 'basis', symbol: 'BANKBEES', seen: 'BANKBEES.csv', answer: 'traded' }),
    answers: 409,
  },
  'POST /admin/market/imports/:id/basis': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/basis`,
    form: () => ({ symbol: 'BANKBEES', day: '2026-11-20', basis: 'traded', until: '', place: '9', of: '999999' }),
    answers: 409,
  },
  'POST /admin/market/imports/:id/drop': {
    may: 'money',
    path: ({ unwanted }) => `/admin/market/imports/${unwanted}/drop`,
  },
  'GET /admin/market/imports/:id/undo': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/undo`,
  },
  'POST /admin/market/imports/:id/undo': {
    may: 'money',
    path: ({ held }) => `/admin/market/imports/${held}/undo`,
    formAt: ({ held }) => `/admin/market/imports/${held}/undo`,
  },
  'GET /admin/market/instruments/new': { may: 'money' },
  // A file comes another way here too.
  'POST /admin/market/instruments/etf-list': { may: 'money', answers: 422 },
  'POST /admin/market/instruments/new': {
    may: 'money',
    form: () => ({ symbol: 'NEWETF', name: 'New', universe: 'sector', tracks: 'Nifty New', shown: 'yes' }),
  },
  'POST /admin/market/instruments/:symbol': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES',
    formAt: () => '/admin/market/instruments/BANKBEES',
    form: () => ({ name: 'Banks', universe: 'sector', tracks: 'Nifty Bank', shown: 'yes' }),
  },
  'POST /admin/market/instruments/:symbol/verified': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/verified',
    formAt: () => '/admin/market/instruments/BANKBEES',
  },
  'POST /admin/market/instruments/:symbol/rename': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/rename',
    formAt: () => '/admin/market/instruments/BANKBEES',
    form: () => ({ newSymbol: 'BANKBEES' }),
    answers: 422,
  },
  'POST /admin/market/instruments/:symbol/alternative': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/alternative',
    formAt: () => '/admin/market/instruments/BANKBEES',
    form: () => ({ sector: '' }),
  },
  'POST /admin/market/instruments/:symbol/former-names/removal': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/former-names/removal',
    form: () => ({ seen: '1', kind: 'symbol', name: 'BANKOLD', until: '2026-11-20' }),
  },
  // What has prices stays.
  'POST /admin/market/instruments/:symbol/removal': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/removal',
    answers: 409,
  },
  'GET /admin/market/instruments/:symbol/benchmark': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/benchmark',
  },
  'POST /admin/market/instruments/:symbol/benchmark': {
    may: 'money',
    path: () => '/admin/market/instruments/BANKBEES/benchmark',
    formAt: () => '/admin/market/instruments/BANKBEES/benchmark',
    form: () => ({ again: 'BANKBEES' }),
  },
  'POST /admin/market/feed/look': { may: 'money' },
  'POST /admin/market/splits': {
    may: 'money',
    form: () => ({ symbol: 'BANKBEES', day: '2026-11-20', ratio: '10' }),
  },
  'POST /admin/market/splits/own-moves/:id/removal': {
    may: 'money',
    path: () => '/admin/market/splits/own-moves/999999/removal',
  },
  'POST /admin/market/splits/:id/removal': { may: 'money', path: () => '/admin/market/splits/1/removal' },

  // Machines, and whoever has a secret link
  'GET /healthz': { may: 'machines' },
  'GET /readyz': { may: 'machines' },
  'GET /metrics': { may: 'machines' },
  'GET /reports/:link': { may: 'machines', path: ({ reportsLink }) => `/reports/${reportsLink}` },
  'POST /reports/:link': {
    may: 'machines',
    path: ({ reportsLink }) => `/reports/${reportsLink}`,
    form: () => ({ cadence: 'daily', weekday: '6', time: '20:00', map: 'yes' }),
  },
  'GET /reports/:link/stop': {
    may: 'machines',
    path: ({ reportsLink }) => `/reports/${reportsLink}/stop`,
    answers: 303,
  },
  'POST /reports/:link/stop': {
    may: 'machines',
    path: ({ reportsLink }) => `/reports/${reportsLink}/stop`,
    answers: 200,
  },
  'GET /alerts/:link': { may: 'machines', path: ({ alertsLink }) => `/alerts/${alertsLink}` },
  'POST /alerts/:link': { may: 'machines', path: ({ alertsLink }) => `/alerts/${alertsLink}` },
  'GET /alerts/:link/stop': { may: 'machines', path: ({ alertsLink }) => `/alerts/${alertsLink}/stop`, answers: 303 },
  'POST /alerts/:link/stop': { may: 'machines', path: ({ alertsLink }) => `/alerts/${alertsLink}/stop`, answers: 200 },
  'GET /report-maps/:name': { may: 'machines', path: () => '/report-maps/weekly-2026-11-20.png?sign=x', answers: 404 },
  'POST /webhooks/mail/:provider': { may: 'machines', path: () => '/webhooks/mail/ses', answers: 401 },
  'POST /webhooks/cashfree': { may: 'machines', answers: 401 },
  'POST /webhooks/cashfree-subscriptions': { may: 'machines', answers: 401 },
}

/** What a route of the app is called in the table: style sheets and scripts are one. */
export const nameOf = (route: string) => route.replace(/^GET \/assets\/[^:].*/, 'GET /assets/*')

/** A route with whatever stands in the table for it. */
export type Way = Endpoint & { route: string; method: string; address: string }

/** Every route of the app that has its line in the table, at a real address. */
export function waysIn({ app, ids }: WebFixture): Way[] {
  return app.routes
    .filter((route) => endpoints[nameOf(route)])
    .map((route) => {
      const [method, pattern] = route.split(' ') as [string, string]
      const endpoint = endpoints[nameOf(route)]!
      return { ...endpoint, route, method, address: endpoint.path?.(ids) ?? pattern }
    })
}

/** Goes there as a browser does, or as a script where the endpoint is for scripts. */
export async function go(fixture: WebFixture, way: Way, who: Who): Promise<Answer> {
  if (way.ends) {
    const answer = await (await fixture.again(who)).post(way.address)
    fixture.at[who] = await fixture.again(who)
    return answer
  }
  const visitor = fixture.at[who]
  if (way.method === 'GET') return visitor.get(way.address)
  const asked = way.formAt ? hiddenIn((await fixture.at.money.get(way.formAt(fixture.ids))).body) : {}
  const form = { ...asked, ...way.form?.(fixture.ids) }
  return /^\/(api|webhooks)\//.test(way.address) ? visitor.postJson(way.address, form) : visitor.post(way.address, form)
}

/** The status this person should get there; 404 and 303 to log in are looked at more closely by who asks. */
export function expected(way: Way, who: Who): number {
  const special = way.except?.[who]
  if (special !== undefined) return special
  const ok = way.answers ?? (way.method === 'GET' ? 200 : 303)
  if (way.may === 'everybody' || way.may === 'machines') return ok
  if (who === 'visitor' || who === 'half') return way.address.startsWith('/api/') ? 401 : 303
  if (way.may === 'signed-in') return ok
  if (way.may === 'owner') return who === 'owner' ? ok : 404
  if (way.may === 'owner, panel') return who === 'other' ? 404 : ok
  if (who === 'owner' || who === 'other') return 404
  return way.may === 'money' && who === 'reader' ? 403 : ok
}

/** Somebody who never was here. */
export const stranger = ({ at }: WebFixture) => new Visitor(at.visitor.app)
