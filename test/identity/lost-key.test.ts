import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { reencryptSecrets, trySecrets } from '../../src/identity/second-factor/encrypted-secrets.ts'
import { checkDatabase } from '../../src/operations/doctor/database.ts'
import { adminOf, codeAt } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'
import { newAdmin } from './administrators.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const otherKeys = [Buffer.alloc(32, 0x55)]

/** The same site after its key was changed without keeping the old one. */
async function withOtherKeys<T>(work: (site: Pick<TestApp, 'url'>) => Promise<T>): Promise<T> {
  const config = { ...app.config, totpKeys: otherKeys }
  const site = await buildApp({ services: { ...app.services, config }, sessionKeys: app.config.sessionKeys })
  await site.listen({ port: 0, host: 'localhost' })
  try {
    return await work({ url: `http://localhost:${(site.server.address() as { port: number }).port}` })
  } finally {
    await site.close()
  }
}

/** An administrator whose app was set up through the pages, so that the recovery codes are known. */
async function enrolled() {
  const { username, password, enrol } = await newAdmin(app)
  const { secret, recoveryCodes } = await enrol()
  return { form: { username, password }, secret, codes: recoveryCodes }
}

const withPassword = async (site: Pick<TestApp, 'url'>, form: Record<string, string>) => {
  const visitor = new Visitor(site)
  await visitor.post('/login', { login: form.username!, password: form.password! })
  return visitor
}

describe('a second factor whose key is gone', () => {
  test('says so before anything is typed and after a code of the app, and takes a recovery code', async () => {
    const { form, secret, codes } = await enrolled()
    await withOtherKeys(async (site) => {
      const visitor = await withPassword(site, form)
      const page = await visitor.get('/login/code')
      expect(page.status).toBe(200)
      expect(page.body).toContain('key was changed')
      expect(page.body).toContain('--reset-second-factor')
      const refused = await visitor.post('/login/code', { code: codeAt(secret, Date.now() + 30_000) })
      expect(refused.status).toBe(422)
      expect(refused.body).toContain('recovery')
      expect((await visitor.post('/login/code', { code: codes[0]! })).status).toBe(303)
      expect((await visitor.get('/admin')).status).toBe(200)
    })
  })

  test('lets whoever came in with a recovery code set up another app, whose codes work from then on', async () => {
    const { form, codes } = await enrolled()
    await withOtherKeys(async (site) => {
      const visitor = await withPassword(site, form)
      await visitor.post('/login/code', { code: codes[0]! })
      const home = '/account/security/second-factor'
      const identity = { your_password: form.password!, your_code: codes[1]! }
      expect((await visitor.post(`${home}/app`, identity)).location).toBe(`${home}/app/code`)
      const { body } = await visitor.get(`${home}/app/code`)
      const secret = /secret=([A-Z2-7]+)/.exec(body)![1]!
      const seen = /name="seen" value="(\d+)"/.exec(body)![1]!
      const done = await visitor.post(`${home}/app/code`, { seen, code: codeAt(secret, Date.now()) })
      expect(done.location).toBe(home)
      const again = await withPassword(site, form)
      expect((await again.get('/login/code')).body).not.toContain('key was changed')
      expect((await again.post('/login/code', { code: codeAt(secret, Date.now() + 30_000) })).status).toBe(303)
    })
  })

  test('refuses an act that asks who one is with the same words, and takes a recovery code for it', async () => {
    const { form, secret, codes } = await enrolled()
    await withOtherKeys(async (site) => {
      const visitor = await withPassword(site, form)
      await visitor.post('/login/code', { code: codes[0]! })
      await app.sql`update sessions set confirmed_at = null`
      const price = (code: string) =>
        visitor.post('/admin/plans/annual_v1/withdrawal', { your_password: form.password!, your_code: code })
      const refused = await price(codeAt(secret, Date.now() + 30_000))
      expect(refused.status).toBe(422)
      expect(refused.body).toContain('key was changed')
    })
  })

  test('that was never proved is replaced: the page shows another secret instead of failing', async () => {
    const form = registration()
    await new Visitor(app).register(form)
    await app.sql`update users set role = 'admin' where email = ${form.email!}`
    const shown = async (site: Pick<TestApp, 'url'>) =>
      /secret=([A-Z2-7]+)/.exec((await (await withPassword(site, form)).get('/login/authenticator')).body)?.[1]
    const first = await shown(app)
    expect(await shown(app)).toBe(first)
    await withOtherKeys(async (site) => {
      const second = await shown(site)
      expect(second).toMatch(/^[A-Z2-7]{32}$/)
      expect(second).not.toBe(first)
      const visitor = await withPassword(site, form)
      expect((await visitor.post('/login/authenticator', { code: codeAt(second!, Date.now()) })).status).toBe(303)
    })
  })

  test('the doctor names who cannot log in with their app, and what to do', async () => {
    const { form } = await enrolled()
    const context = (totpKeys: Buffer[]) => ({
      config: { ...app.config, totpKeys },
      databaseUrl: app.databaseUrl,
      standIn: { cashfree: false, mail: false },
      root: '.',
      backupDir: '.',
    })
    const about = async (keys: Buffer[]) =>
      (await checkDatabase(context(keys))).find(({ about: name }) => name === 'second factors')
    const lost = await about(otherKeys)
    expect(lost).toMatchObject({ level: 'failure', says: expect.stringContaining(form.username!) })
    expect(lost!.todo).toContain('--reset-second-factor')
    expect((await about([...otherKeys, ...app.config.totpKeys]))!.level).toBe('ok')
  })
})

describe('encrypting anew at the start', () => {
  test('encrypts with the newest key what an older one encrypted, proved or not, and leaves the rest as it is', async () => {
    const admin = await adminOf(app)
    const before = await app.sql`select user_id, sealed_secret from second_factors order by user_id`
    const keys = [Buffer.alloc(32, 0x66), ...app.config.totpKeys]
    const reencrypted = await reencryptSecrets(app.sql, keys)
    expect(reencrypted).toBeGreaterThan(0)
    expect((await trySecrets(app.sql, [keys[0]!])).readable).toBe(reencrypted)
    expect(await reencryptSecrets(app.sql, keys)).toBe(0)
    // Back again, as when a step of the rotation is taken back.
    expect(await reencryptSecrets(app.sql, [...app.config.totpKeys, keys[0]!])).toBe(reencrypted)
    const after = await app.sql`select user_id, sealed_secret from second_factors order by user_id`
    expect(after.map(({ userId }) => userId)).toEqual(before.map(({ userId }) => userId))
    const visitor = await withPassword(app, admin.form)
    expect((await visitor.post('/login/code', { code: admin.code() })).status).toBe(303)
  })

  test('side by side from two processes does no harm', async () => {
    const admin = await adminOf(app)
    const keys = [Buffer.alloc(32, 0x77), ...app.config.totpKeys]
    await Promise.all([
      reencryptSecrets(app.sql, keys),
      reencryptSecrets(app.sql, keys),
      reencryptSecrets(app.sql, keys),
    ])
    await reencryptSecrets(app.sql, [...app.config.totpKeys, keys[0]!])
    const visitor = await withPassword(app, admin.form)
    expect((await visitor.post('/login/code', { code: admin.code() })).status).toBe(303)
  })
})
