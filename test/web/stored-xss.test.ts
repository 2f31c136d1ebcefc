import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { openBrowser, takeOver } from '../support/browser.ts'
import type { Answer } from '../support/visitor.ts'
import { stranger, waysIn } from './every-route.ts'
import { buildFixture, type WebFixture } from './fixture.ts'
import { unlock, xssPayload } from './xss-payloads.ts'

/** What would run, load or change something, were it not text. Whatever asks for something asks for "xss". */
const payloads = [
  '<script>alert("xss")</script>',
  '<ScRiPt src=//xss.example/x.js></sCrIpT>',
  '</script><script>alert(`xss`)</script>',
  '</title><script>alert(1)</script>',
  '</textarea><script>alert(2)</script>',
  '<img src=x onerror=alert("xss")>',
  '<img src="x" onerror="parent.xss=1">',
  '<svg onload=alert(3)>',
  '<svg><script>alert&#40;4)</script></svg>',
  '<svg><animate onbegin=alert(5) attributeName=x dur=1s>',
  '<body onload=alert(6)>',
  '<iframe src="javascript:alert(7)"></iframe>',
  '<iframe srcdoc="<script>alert(8)</script>"></iframe>',
  '<object data="javascript:alert(9)"></object>',
  '<embed src="javascript:alert(10)">',
  '<a href="javascript:alert(11)">xss</a>',
  '<form action="//xss.example"><button>xss</button></form>',
  '<input autofocus onfocus=alert(12)>',
  '<details open ontoggle=alert(13)>',
  '<video><source onerror=alert(14)></video>',
  '<math href="javascript:alert(15)">xss</math>',
  '<base href="//xss.example/">',
  '<meta http-equiv="refresh" content="0;url=//xss.example">',
  '<link rel=stylesheet href=//xss.example/x.css>',
  '<style>*{background:url(//xss.example)}</style>',
  '" onmouseover="alert(16)" x="',
  `' onmouseover='alert(17)' x='`,
  '"><img src=x onerror=alert(18)>',
  `'><svg/onload=alert(19)>`,
  '` onclick=alert(20) `',
  'javascript:alert("xss")//',
  'JaVaScRiPt&colon;alert("xss")',
  'data:text/html,<script>alert(21)</script>',
  '<%= process.exit(22) %>',
  '<%~ it.constructor.constructor("return process")().exit() %>',
  '{{constructor.constructor("alert(23)")()}} #{7*7}',
  '\\u003cscript\\u003ealert(24)\\u003c/script\\u003e "\\x3cimg onerror=x\\x3e',
  '&lt;script&gt;alert("xss")&lt;/script&gt; &#x22;&#x3e;',
  '<div hx-get="/xss" hx-trigger="load" hx-target="body">xss</div>',
  '" hx-get="/xss" hx-trigger="load" hx-swap="outerHTML" x="',
  '<hx-partial hx-target="body"><b hx-on:click="alert(25)">xss</b></hx-partial>',
  '<!--<script>alert(26)</script>--><![CDATA[<b>xss]]>',
]

/** Several at once, so that each page is asked for a few times only. */
const together = 6
const rounds = Array.from({ length: Math.ceil(payloads.length / together) }, (_, index) =>
  payloads.slice(index * together, (index + 1) * together),
)

let fixture: WebFixture
let harmless: Set<string>
beforeAll(async () => {
  fixture = await buildFixture()
  await unlock(fixture.app.sql)
  harmless = partsOf((await pages()).concat(await echoes('nothing special')))
}, 120_000)
afterAll(() => fixture.close())

type Page = { at: string; answer: Answer }

/** Every page that shows text of the database, for the person who sees most of it. */
async function pages(): Promise<Page[]> {
  const { at, ids } = fixture
  const seen: Page[] = []
  for (const { method, address, may } of waysIn(fixture)) {
    if (method !== 'GET' || may === 'machines' || /\.(csv|json|js|css|svg)(\?|$)/.test(address)) continue
    seen.push({ at: address, answer: await (may === 'panel' || may === 'money' ? at.money : at.owner).get(address) })
  }
  const fragment = { 'hx-request': 'true' }
  for (const address of [`/admin/orders/${ids.paidOrder}/cashfree`, `/admin/refunds/${ids.refund}/progress`])
    seen.push({ at: `${address}, a fragment`, answer: await at.money.get(address, fragment) })
  for (const act of ['cancellation', 'suspension', 'lifting', `receipt?number=${ids.receipt}`, 'sign-out', 'role'])
    seen.push(await pageAt(`/admin/subscribers/${ids.owner}/${act}`))
  for (const { path } of await rowsOf()) seen.push(await pageAt(path))
  // JSON and the like are no pages: the browser is told so, and not to guess.
  return seen.filter(({ answer }) => /^text\/html/.test(answer.headers.get('content-type') ?? ''))
}

const pageAt = async (at: string): Promise<Page> => ({ at, answer: await fixture.at.money.get(at) })

/** The page of every row that has one: mails of every kind, deliveries, incidents, people. */
function rowsOf() {
  return fixture.app.sql<{ path: string }[]>`
    (select '/admin/mails/' || id as path from mails order by id limit 12) union all
    (select '/admin/mails/' || id || '/preview' as path from mails order by id limit 12) union all
    (select '/admin/webhooks/' || id from webhook_events order by id limit 8) union all
    (select '/admin/incidents/' || id from incidents order by id limit 8) union all
    (select '/admin/subscribers/' || id from users limit 8) union all
    select '/admin/orders/' || id from orders union all
    select '/admin/incidents?state=resolved'`
}

/** Pages that say again what was asked for or typed. */
async function echoes(text: string): Promise<Page[]> {
  const { at, ids, app } = fixture
  const seen: Page[] = []
  const asked = encodeURIComponent(text.slice(0, 95))
  for (const [list, filters] of [
    ['audit', 'actor action person order day'],
    ['incidents', 'state kind order'],
    ['mails', 'status kind to day'],
    ['webhooks', 'accepted verdict type order day'],
    ['orders', 'status plan held from to q'],
    ['orders/payments', 'status method group from to'],
    ['refunds', 'status from to q'],
    ['disputes', 'state status'],
    ['subscribers', 'q status plan role verified'],
    ['market/instruments', 'q'],
  ] as const)
    for (const filter of filters.split(' ')) seen.push(await pageAt(`/admin/${list}?${filter}=${asked}`))
  for (const field of ['symbol', 'tracks', 'isin'])
    seen.push(await pageAt(`/admin/market/instruments/new?${field}=${asked}`))
  const short = encodeURIComponent(text.slice(0, 28))
  for (const path of [`plans/monthly_v1/price?price=${short}`, `refunds/of/${ids.payment}?amount=${short}`])
    seen.push(await pageAt(`/admin/${path}`))
  seen.push(await pageAt(`/admin/subscribers/${ids.owner}/grant?days=${short}`))
  for (const path of ['/login?next=', '/?plan=', '/verify-email?token=', '/payment/return?order_id=', '/nowhere/'])
    seen.push({
      at: path,
      answer: await stranger(fixture).get(path + asked),
    })
  const typed = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, text]))
  for (const [path, names] of [
    [`/admin/plans/monthly_v1/price`, 'price'],
    [`/admin/refunds/of/${ids.payment}`, 'amount amount_again reason ordinal left'],
    [`/admin/subscribers/${ids.owner}/grant`, 'days reason seen key'],
    [`/admin/subscribers/${ids.owner}/role`, 'role seen'],
    [`/admin/mails/${ids.mail}/copies`, 'copy'],
    [`/admin/orders/${ids.openOrder}/terminate`, 'key'],
    ['/admin/market/holidays', 'lines'],
    ['/admin/market/splits', 'symbol day ratio'],
    ['/admin/market/instruments/new', 'symbol name kind tracks isin shown'],
    [`/admin/market/imports/${ids.held}/decisions`, 'symbol day what ratio'],
  ] as const)
    seen.push({ at: `POST ${path}`, answer: await at.money.post(path, typed(names)) })
  for (const [path, names] of [
    ['/account/profile', 'name phone state'],
    ['/account/security/email', 'current_password email'],
    ['/account/security/password', 'current_password password'],
    ['/account/delete', 'password confirmation seen'],
    ['/account/reports', 'cadence weekday time'],
  ] as const)
    seen.push({ at: `POST ${path}`, answer: await at.owner.post(path, typed(names)) })
  for (const [path, names] of [
    ['/login', 'login password next'],
    ['/register', 'name username email phone state password plan'],
    ['/forgot-password', 'email'],
  ] as const)
    seen.push({ at: `POST ${path}`, answer: await at.visitor.post(path, typed(names)) })
  await app.sql`delete from login_throttle`
  return seen
}

const tags = /<([a-zA-Z][^\s/>]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?)*)\s*\/?>/g
const attributes = /([^\s=>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g

/** What a browser would make of the page: its tags, and its tags with each attribute. */
function partsOf(seen: Page[]): Set<string> {
  const parts = new Set<string>()
  for (const { answer } of seen)
    for (const [, tag, rest] of answer.body.matchAll(tags)) {
      parts.add(tag!)
      for (const [, name] of rest!.matchAll(attributes)) parts.add(`${tag}[${name}]`)
    }
  return parts
}

/** Addresses on the page that lead to where a payload says. */
function addressesOf({ body }: Answer): string[] {
  return [...body.matchAll(/\s(?:href|src|action|formaction|hx-\w+)\s*=\s*"([^"]*)"/g)]
    .map(([, address]) => address!)
    .filter(
      (address) => /^\s*(javascript|vbscript|data:text\/html)/i.test(address) || /^(https?:)?\/\/xss/i.test(address),
    )
}

const isMarkup = (payload: string) => /[<>"']/.test(payload)
const escaped = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

async function report(text: string) {
  const body = successBody(fixture.ids.paidOrder, { type: 'PAYMENT_SUCCESS_WEBHOOK' }).replace(
    '"INR"',
    JSON.stringify(text),
  )
  const told = {
    'user-agent': text.replace(/[^\x20-\x7e]/g, ''),
    'x-idempotency-key': text.replace(/[^\x20-\x7e]/g, ''),
  }
  const { url } = fixture.at.visitor.app
  await deliver({ url }, body, { ...signed(body), ...told })
  await deliver({ url }, text, { ...signed(text), ...told })
  await deliver({ url }, text, {
    ...told,
    'x-webhook-signature': 'x',
    'x-webhook-timestamp': '1',
    'content-type': text.slice(0, 60).replace(/[^\x20-\x7e]/g, ''),
  })
}

describe('whatever anybody wrote', () => {
  test('is text on every page that shows it', async () => {
    const wrong: string[] = []
    let looks = 0
    let shown = 0
    let columns: string[] = []
    for (const round of rounds) {
      const text = round.join(' ')
      await report(text)
      columns = await xssPayload(fixture.app.sql, text)
      const seen = (await pages()).concat(await echoes(text))
      looks += seen.length * round.length
      for (const { at, answer } of seen) {
        if (answer.status >= 500) wrong.push(`${at}: ${answer.status}`)
        for (const payload of round) {
          if (isMarkup(payload) && answer.body.includes(payload)) wrong.push(`${at}: ${payload}`)
          if (answer.body.includes(escaped(payload))) shown++
        }
        for (const address of addressesOf(answer)) wrong.push(`${at} leads to ${address}`)
        for (const part of partsOf([{ at, answer }])) if (!harmless.has(part)) wrong.push(`${at} has a new ${part}`)
      }
    }
    console.log(
      `${payloads.length} payloads in ${columns.length} columns; ${looks} looks, ${shown} times shown as text`,
    )
    expect([...new Set(wrong)]).toEqual([])
    expect(columns.length).toBeGreaterThan(30)
    expect(shown).toBeGreaterThan(payloads.length * 30)
  }, 240_000)

  test('does nothing in a browser: no dialog, no request, no new element, nothing against the policy', async () => {
    const browsing = openBrowser({ url: fixture.at.money.app.url })
    const found: string[] = []
    let visits = 0
    try {
      for (const [who, paths] of [
        ['money', (await pages()).filter(({ at }) => at.startsWith('/admin') && !at.includes(',')).map(({ at }) => at)],
        [
          'owner',
          [
            '/dashboard',
            '/account',
            '/account/profile',
            '/account/security',
            '/account/sessions',
            `/receipts/${fixture.ids.receipt}`,
          ],
        ],
      ] as const) {
        const person = await browsing.person()
        await takeOver(person, fixture.at[who])
        person.page.on('dialog', async (dialog) => {
          found.push(`${person.page.url()}: dialog ${dialog.message()}`)
          await dialog.dismiss()
        })
        person.page.on('request', (request) => {
          if (request.url().includes('xss')) found.push(`${person.page.url()} asked for ${request.url()}`)
        })
        await xssPayload(
          fixture.app.sql,
          payloads.filter((_, index) => index % 7 === (who === 'money' ? 3 : 6)).join(' '),
        )
        for (const path of paths) {
          visits++
          await person.page.goto(path)
          const injected = await injectedIn(person.page)
          // A mail brings its own style.
          const isMail = (what: string) => path.endsWith('/preview') && what === 'a STYLE'
          found.push(...injected.filter((what) => !isMail(what)).map((what) => `${path}: ${what}`))
        }
        found.push(...person.problems)
        await person.close()
      }
    } finally {
      await browsing.close()
    }
    console.log(`${visits} pages in Chromium`)
    expect([...new Set(found)]).toEqual([])
  }, 240_000)
})

/** Elements that only a payload can have brought, in words. */
function injectedIn(page: { evaluate: (script: string) => Promise<unknown> }): Promise<string[]> {
  return page.evaluate(`(() => {
    const found = typeof xss === 'undefined' ? [] : ['a script ran']
    for (const element of document.querySelectorAll('*'))
      for (const { name, value } of element.attributes)
        if (/^on/.test(name) || (/^(hx-|href$|src$|action$)/.test(name) && /^\\/?\\/?xss|^javascript/i.test(value)))
          found.push(element.tagName + ' with ' + name + '=' + value)
    for (const element of document.querySelectorAll('script:not([src]), embed, object, base, hx-partial, math, style, video, iframe[srcdoc]'))
      found.push('a ' + element.tagName)
    return found
  })()`) as Promise<string[]>
}
