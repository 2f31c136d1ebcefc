import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { createLog } from '../../src/platform/log.ts'
import { linkTo, mailsTo, open, subjects } from '../account/mailed.ts'
import { deletionForm, registrant, subscriber } from '../account/people.ts'
import { oneWhoseSubscriptionIs, subscriberAt } from '../market/dashboard/people.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { untilLocked } from '../support/until.ts'
import { type Answer, Visitor } from '../support/visitor.ts'
import { endpoints, nameOf } from '../web/every-route.ts'
import { ask, makeKey } from './key-holder.ts'

const ranks = '/api/ranks'
const series = '/api/sectors/ITBEES/series'
const page = '/account/api-keys'
const htmlOf = async (visitor: Visitor) => (await visitor.get(page)).body
const handleOf = async (key: string) =>
  (await app.sql<{ handle: string }[]>`select handle from api_keys where ending = ${key.slice(-4)}`)[0]!.handle

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-20')
})
afterAll(() => app.close())

describe('a key', () => {
  test('opens rankings and series without a session, and is shown once', async () => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    expect((await ask(app, ranks, key)).status).toBe(200)
    expect((await ask(app, series, key)).status).toBe(200)
    const again = await htmlOf(visitor)
    expect(again).not.toContain(key)
    expect(again).toContain(`…${key.slice(-4)}`)
    expect(again).toContain('My spreadsheet')
  })

  test('is not used up by whoever only asks for the head of the page', async () => {
    const { visitor } = await subscriberAt(app)
    await visitor.post(page, { name: 'Head' })
    await visitor.send('HEAD', page)
    expect(await htmlOf(visitor)).toMatch(/dsetf_[\w-]{43}/)
  })

  test('has 256 random bits, of which only the hash is stored', async () => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    expect(Buffer.from(key.slice('dsetf_'.length), 'base64url')).toHaveLength(32)
    const stored = await app.sql<{ keyHash: Buffer; row: string }[]>`
      select key_hash, row_to_json(k)::text as row from api_keys k where ending = ${key.slice(-4)}`
    expect(stored[0]!.keyHash).toEqual(createHash('sha256').update(key).digest())
    expect(stored[0]!.row).not.toContain(key.slice(6, 30))
  })

  test('shows on which day it was last used', async () => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    expect(await htmlOf(visitor)).toContain('not used yet')
    await ask(app, ranks, key)
    expect(await htmlOf(visitor)).toContain('last used on')
    await app.sql`update api_keys set last_used_on = '2026-01-05' where ending = ${key.slice(-4)}`
    expect(await htmlOf(visitor)).toContain('last used on Mon, 5 Jan 2026')
    await ask(app, ranks, key)
    expect(await htmlOf(visitor)).not.toContain('5 Jan 2026')
  })

  test('decides who asks, whatever session came along', async () => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    const other = new Visitor(app)
    await other.register()
    expect((await other.get(ranks)).status).toBe(403)
    expect((await other.get(ranks, { authorization: `Bearer ${key}` })).status).toBe(200)
    expect((await visitor.get(ranks, { authorization: 'Bearer dsetf_unknown' })).status).toBe(401)
    // A proxy's own password is none of our business.
    expect((await visitor.get(ranks, { authorization: 'Basic YTpi' })).status).toBe(200)
  })

  test('is revoked at once, by its owner alone, and leaves two rows in the audit', async () => {
    const { visitor, order } = await subscriberAt(app)
    const key = await makeKey(visitor)
    const handle = await handleOf(key)
    const stranger = (await subscriberAt(app)).visitor
    expect((await stranger.post(`${page}/${handle}/revocation`)).status).toBe(303)
    expect((await stranger.get(page)).body).toContain('revoked already')
    expect((await ask(app, ranks, key)).status).toBe(200)
    expect((await visitor.post(`${page}/${handle}/revocation`)).status).toBe(303)
    const refused = await ask(app, ranks, key)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(refused.json()).toEqual({
      error: { code: 'unauthenticated', message: 'This API key is not known. It may have been revoked.' },
    })
    const audit = await app.sql`
      select action, details from audit where user_id = ${order.userId} and action like 'api-key.%' order by id`
    expect(audit.map(({ action, details }) => [action, details])).toEqual([
      ['api-key.made', { ending: key.slice(-4) }],
      ['api-key.revoked', { ending: key.slice(-4) }],
    ])
  })

  test('is refused by another process from the moment it is revoked', async () => {
    const other = await buildApp({ services: app.services, sessionKeys: app.config.sessionKeys })
    await other.listen({ host: 'localhost', port: 0 })
    const there = { url: `http://localhost:${(other.server.address() as AddressInfo).port}` }
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    expect((await ask(there, ranks, key)).status).toBe(200)
    await visitor.post(`${page}/${await handleOf(key)}/revocation`)
    expect((await ask(there, ranks, key)).status).toBe(401)
    await other.close()
  })

  test('answers as the session does: not while suspended, and nothing without a subscription', async () => {
    const visitor = await oneWhoseSubscriptionIs(app, {})
    const key = await makeKey(visitor)
    const owner = (
      await app.sql<{ userId: string }[]>`select user_id from api_keys where ending = ${key.slice(-4)}`
    )[0]!
    await app.sql`update subscriptions set current_period_end = now() - interval '10 days' where user_id = ${owner.userId}`
    expect([(await ask(app, ranks, key)).status, (await visitor.get(ranks)).status]).toEqual([403, 403])
    expect((await ask(app, ranks, key)).json()).toEqual({
      error: { code: 'forbidden', message: 'Rankings and series come with a running subscription.' },
    })
    expect(await htmlOf(visitor)).toContain('Keys work only while your subscription is active.')
    await app.sql`update subscriptions set current_period_end = now() + interval '10 days' where user_id = ${owner.userId}`
    await app.sql`update users set suspended_at = now(), suspended_reason = 'shared' where id = ${owner.userId}`
    expect([(await ask(app, ranks, key)).status, (await visitor.get(ranks)).status]).toEqual([401, 401])
    await app.sql`update users set suspended_at = null, suspended_reason = null where id = ${owner.userId}`
    expect((await ask(app, ranks, key)).status).toBe(200)
    // Made an administrator, whose second factor is in no key.
    await app.sql`update users set role = 'admin' where id = ${owner.userId}`
    expect((await ask(app, ranks, key)).status).toBe(401)
  })

  test('is revoked when its owner chooses a new password by the link in a mail, who is told; the change of a known one keeps it', async () => {
    const { visitor, email } = await subscriber(app)
    const [key, another] = [await makeKey(visitor), await makeKey(visitor, 'Another')]
    const known = { current_password: 'TestPass123', password: 'wind under the bridge' }
    expect((await visitor.post('/account/security/password', known)).status).toBe(303)
    expect((await ask(app, ranks, key)).status).toBe(200)

    await new Visitor(app).post('/forgot-password', { email: email })
    const reset = new Visitor(app)
    const shown = await open(reset, await linkTo(app, email, subjects.reset))
    expect(shown.body).toContain('revokes your API keys')
    expect((await reset.post('/reset-password', { password: 'river under the bridge' })).status).toBe(303)
    expect([(await ask(app, ranks, key)).status, (await ask(app, ranks, another)).status]).toEqual([401, 401])

    const audit = await app.sql`
      select action, details ->> 'ending' as ending, details -> 'apiKeys' as keys from audit
      where user_id = (select id from users where email = ${email}) and action in ('api-key.revoked', 'password.reset')
      order by action, ending`
    expect(audit.map(({ action, ending, keys }) => [action, ending ?? keys])).toEqual([
      ...[key.slice(-4), another.slice(-4)].sort().map((ending) => ['api-key.revoked', ending]),
      ['password.reset', 2],
    ])
    const mails = await mailsTo(app, email, subjects.passwordChanged)
    const told = mails.filter(({ text }) => text!.includes('Your API keys were revoked'))
    expect([mails.length, told.length, told[0]!.html!.includes('Your API keys were revoked')]).toEqual([2, 1, true])
  })

  test('is not made by a request that waited while a password reset ended its session', async () => {
    const { visitor, email, userId } = await subscriber(app)
    await new Visitor(app).post('/forgot-password', { email })
    const reset = new Visitor(app)
    await open(reset, await linkTo(app, email, subjects.reset))
    const holder = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
    const answers = { reset: null, making: null } as Record<'reset' | 'making', Promise<Answer> | null>
    await holder.begin(async (tx) => {
      await tx`select from users where id = ${userId} for no key update`
      answers.reset = reset.post('/reset-password', { password: 'river under the bridge' })
      await untilLocked(app.sql, 1)
      answers.making = visitor.post(page, { name: 'In flight' })
      await untilLocked(app.sql, 2)
    })
    await holder.end()
    expect((await answers.reset)?.status).toBe(303)
    expect(await app.sql`select from api_keys where user_id = ${userId}`).toHaveLength(0)
    expect((await answers.making)?.location).toMatch(/^\/login/)
  })

  test('is in the copy of one’s data without what opens it, and gone with the account', async () => {
    const { visitor, username, userId } = await subscriber(app)
    const key = await makeKey(visitor, 'Zettel')
    const data = await visitor.get('/account/data.json')
    expect((data.json() as { apiKeys: unknown[] }).apiKeys).toEqual([
      { name: 'Zettel', ending: key.slice(-4), createdAt: expect.any(String), lastUsedOn: null },
    ])
    expect(data.body).not.toContain(key.slice(6, 30))
    await visitor.post('/account/delete', await deletionForm(visitor, username))
    expect((await ask(app, ranks, key)).status).toBe(401)
    expect(await app.sql`select from api_keys where user_id = ${userId}`).toHaveLength(0)
  })

  test('reaches no log, be it in a header or in the text of an error', async () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => lines.push(line) })
    const watched = await buildApp({ services: { ...app.services, log }, sessionKeys: app.config.sessionKeys })
    await watched.listen({ host: 'localhost', port: 0 })
    const there = { url: `http://localhost:${(watched.server.address() as AddressInfo).port}` }
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    await ask(there, ranks, key)
    await ask(there, ranks, `${key}x`)
    await ask(there, `/api/sectors/${key}/series`, key)
    log.info({ headers: { authorization: `Bearer ${key}` } }, 'a request')
    log.error({ err: new Error(`could not read Bearer ${key}`) }, 'failed')
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.join('')).not.toContain(key.slice(6, 20))
    await watched.close()
  })
})

describe('keys are refused', () => {
  test.each([
    ['no name', '', 'Give the key a name'],
    ['only spaces', '   ', 'Give the key a name'],
    ['too long a name', 'x'.repeat(61), 'Use at most 60 characters'],
  ])('with %s', async (_what, name, sentence) => {
    const { visitor } = await registrant(app)
    const answer = await visitor.post(page, { name })
    expect(answer.status).toBe(422)
    expect(answer.body).toContain(sentence)
    expect(await app.sql`select from api_keys k join users u on u.id = k.user_id where k.name = ${name}`).toHaveLength(
      0,
    )
  })

  test('beyond the fifth, also when many are made at the same moment', async () => {
    const { visitor, userId } = await registrant(app)
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => visitor.post(page, { name: `Key ${i}` })))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 303, 303, 303, 303, 409, 409, 409])
    expect(await app.sql`select from api_keys where user_id = ${userId}`).toHaveLength(5)
    const sixth = await visitor.post(page, { name: 'Sixth' })
    expect(sixth.body).toContain('You have 5 keys already.')
    expect((await visitor.get(page)).body).not.toContain('Create a key')
  })

  test('to administrators', async () => {
    const { visitor, id } = await adminOf(app)
    const answer = await visitor.post(page, { name: 'Panel' })
    expect(answer.status).toBe(409)
    expect(answer.body).toContain('bypass the second factor')
    expect(await app.sql`select from api_keys where user_id = ${id}`).toHaveLength(0)
  })

  test.each([
    ['nothing', 'dsetf_'],
    ['a word', 'secret'],
    ['a key that nobody has', `dsetf_${'A'.repeat(43)}`],
    ['one letter too many', `dsetf_${'A'.repeat(44)}`],
    ['a kilobyte', 'x'.repeat(1_000)],
    ['quotes', "dsetf_' or 1=1 --"],
  ])('of %s with 401 as JSON', async (_what, key) => {
    for (const path of [ranks, series]) {
      const answer = await ask(app, path, key)
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([401, 'no-store'])
      expect(answer.json()).toMatchObject({ error: { code: 'unauthenticated' } })
    }
  })

  test('in an address or in a form, where they would be logged on the way', async () => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    for (const name of ['key', 'api_key', 'access_token', 'authorization'])
      expect([name, (await ask(app, `${ranks}?${name}=${key}`, null)).status]).toEqual([name, 401])
  })

  test('beyond 60 requests a minute of one key, with Retry-After; another key goes on', async () => {
    const strict = await startApp({ RATE_LIMIT_SCALE: '0.1' })
    await seedSample(strict.sql, '2026-11-20')
    const { visitor } = await subscriberAt(strict)
    const [key, other] = [await makeKey(visitor, 'One'), await makeKey(visitor, 'Two')]
    for (let i = 0; i < 6; i++) expect((await ask(strict, ranks, key)).status).toBe(200)
    const refused = await ask(strict, ranks, key)
    expect(refused.status).toBe(429)
    expect(refused.json()).toMatchObject({ error: { code: 'busy' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(strict, ranks, other)).status).toBe(200)
    await strict.close()
  })
})

describe('a key opens nothing else', () => {
  const keyed = new Set(['GET /api/ranks', 'GET /api/sectors/:symbol/series'])
  const anything = new Proxy({}, { get: () => '00000000-0000-4000-8000-000000000000' }) as never

  test('on every other route a request with a key is answered like one without', async () => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    const wrong: string[] = []
    let asked = 0
    for (const route of app.routes) {
      const [method, pattern] = route.split(' ') as [string, string]
      const path = endpoints[nameOf(route)]?.path?.(anything) ?? pattern
      if (method !== 'GET' && method !== 'POST') continue
      const init = method === 'POST' ? { method, body: '', headers: form } : { method }
      const [withKey, without] = [await ask(app, path, key, init), await ask(app, path, null, init)]
      asked++
      const isSame =
        withKey.status === without.status && withKey.headers.get('location') === without.headers.get('location')
      if (isSame === keyed.has(route)) wrong.push(`${route}: ${withKey.status}, ${without.status}`)
    }
    console.log(`${asked} routes with and without a key`)
    expect(wrong).toEqual([])
    expect(asked).toBeGreaterThan(150)
    expect((await ask(app, '/dashboard', key)).status).toBe(303)
    expect((await ask(app, '/api/payment-status/ds_x', key)).status).toBe(401)
  })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('and %s of its own two addresses does not exist', async (method) => {
    const { visitor } = await subscriberAt(app)
    const key = await makeKey(visitor)
    for (const path of [ranks, series]) {
      const answer = await ask(app, path, key, { method })
      expect([401, 404, 405]).toContain(answer.status)
    }
  })
})
