import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserName } from '../../src/identity/known-browsers/browser-name.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { registrant } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const handlesOf = async (userId: string) =>
  (await app.sql<{ handle: string }[]>`select handle from sessions where user_id = ${userId} order by created_at`).map(
    (row) => row.handle,
  )
const isSignedIn = async (visitor: Visitor) => (await visitor.get('/account')).status === 200
const auditOf = (userId: string) =>
  app.sql`select actor, action, details, origin from audit where user_id = ${userId} and action = 'sessions.ended' order by id`

/** A person with a laptop, a phone and a tablet. */
async function withThree() {
  const { visitor, email, userId } = await registrant(app)
  const agents = [
    'Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36',
    'Mozilla/5.0 (iPad) Version/18.0 Safari/604.1',
  ]
  const others = []
  for (const agent of agents) {
    const device = new Visitor(app)
    await device.post('/login', { login: email, password: 'TestPass123' }, { 'user-agent': agent })
    others.push(device)
  }
  return { visitor, userId, phone: others[0]!, tablet: others[1]! }
}

describe('the list of sessions', () => {
  test('names browser, system, network and times, and says which one this is', async () => {
    const { visitor, userId } = await withThree()
    const { body } = await visitor.get('/account/sessions')
    for (const text of ['Chrome on Android', 'Safari on iPad', 'This session', 'network']) expect(body).toContain(text)
    expect(body.match(/This session/g)).toHaveLength(1)
    const [own, ...others] = await handlesOf(userId)
    expect(body).not.toContain(own)
    for (const handle of others) expect(body).toContain(`/account/sessions/${handle}/end`)
  })

  test('signing out one ends that one, once, and says so in the audit', async () => {
    const { visitor, phone, tablet, userId } = await withThree()
    const [, handle] = await handlesOf(userId)
    const answers = await Promise.all([1, 2].map(() => visitor.post(`/account/sessions/${handle}/end`)))
    expect(answers.map((answer) => answer.location)).toEqual(['/account/sessions', '/account/sessions'])
    expect([await isSignedIn(visitor), await isSignedIn(phone), await isSignedIn(tablet)]).toEqual([true, false, true])
    expect(await auditOf(userId)).toEqual([
      {
        actor: `user:${userId}`,
        action: 'sessions.ended',
        details: { sessions: 1 },
        origin: expect.objectContaining({ address: expect.any(String) }),
      },
    ])
  })

  test('signing out the others keeps this one; everywhere ends this one as well', async () => {
    const { visitor, phone, tablet, userId } = await withThree()
    await phone.post('/account/sessions/others/end')
    expect([await isSignedIn(visitor), await isSignedIn(phone), await isSignedIn(tablet)]).toEqual([false, true, false])
    const cookies = new Map(phone.cookies)
    expect((await phone.post('/account/sessions/end')).location).toBe('/login')
    const replayed = new Visitor(app)
    for (const [name, value] of cookies) replayed.cookies.set(name, value)
    expect(await isSignedIn(replayed)).toBe(false)
    expect(await handlesOf(userId)).toEqual([])
  })

  test('nobody ends somebody else’s session, and no handle that is none is looked up', async () => {
    const victim = await withThree()
    const { visitor } = await registrant(app)
    for (const handle of await handlesOf(victim.userId))
      expect((await visitor.post(`/account/sessions/${handle}/end`)).location).toBe('/account/sessions')
    expect(await handlesOf(victim.userId)).toHaveLength(3)
    expect((await visitor.post("/account/sessions/' or 1=1/end")).status).toBe(400)
    expect((await new Visitor(app).post('/account/sessions/end')).location).toContain('/login')
  })
})

test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Chrome on Windows',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36',
    'Samsung Internet on Android',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
    'Safari on iPhone',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1',
    'Chrome on iPhone',
  ],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Mac'],
  [
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
    'Chrome on ChromeOS',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 OPR/120.0',
    'Opera on Linux',
  ],
  ['curl/8.5.0', 'Unknown browser'],
  ['', 'Unknown browser'],
  ['<script>alert(1)</script>', 'Unknown browser'],
])('a browser is called by its name: %s', (userAgent, words) => {
  expect(browserName(userAgent)).toBe(words)
})
