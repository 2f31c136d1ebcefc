import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publicPages } from '../../src/site/public-pages.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ SELLER_GSTIN: '27AAPFU0939F1ZV' })
})
afterAll(() => app.close())

const htmlAt = async (path: string) => (await new Visitor(app).get(path)).body
const metaIn = (html: string, name: string) =>
  new RegExp(`<meta (?:property|name)="${name}" content="([^"]*)">`).exec(html)?.[1]

describe('a public page', () => {
  test.each(['/', '/open-week', '/methodology', '/terms', '/contact', '/login'])(
    '%s has one address and a preview',
    async (path) => {
      const html = await htmlAt(`${path}?utm_source=letter`)
      expect(html).toContain(`<link rel="canonical" href="${app.url}${path}">`)
      expect(metaIn(html, 'og:url')).toBe(app.url + path)
      expect(metaIn(html, 'twitter:card')).toBe('summary_large_image')
      const picture = metaIn(html, 'og:image')!
      expect(picture.startsWith(`${app.url}/assets/link-preview.`)).toBe(true)
      const answer = await fetch(picture)
      const bytes = Buffer.from(await answer.arrayBuffer())
      expect([answer.status, bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([200, 1200, 630])
    },
  )

  test('that is somebody’s own, or that is not there, has none', async () => {
    const visitor = new Visitor(app)
    await visitor.register()
    for (const path of ['/account', '/nowhere']) expect((await visitor.get(path)).body).not.toContain('rel="canonical"')
  })
})

test.each(publicPages)('%s prints no value that is not there', async (path) => {
  expect(await htmlAt(path)).not.toMatch(/\b(undefined|NaN|\[object Object\])/)
})

describe('the front page', () => {
  test('needs at most 50 KB compressed before its lazy pictures', async () => {
    const html = await htmlAt('/')
    const eager = [...html.matchAll(/<(?:link rel="(?:stylesheet|icon)"|script)[^>]*?(?:href|src)="([^"]+)"/g)].map(
      ([, url]) => url!,
    )
    expect(eager.length).toBeGreaterThan(3)
    expect(
      [...html.matchAll(/<img [^>]*>/g)]
        .filter(([img]) => /picture-/.test(img))
        .every(([img]) => img.includes('loading="lazy"')),
    ).toBe(true)
    let bytes = 0
    for (const path of ['/', ...eager]) bytes += await sizeOf(path)
    console.log(`front page: ${bytes} bytes`)
    expect(bytes).toBeLessThan(50_000)
  })

  test('shows three pictures for both kinds of windows and both schemes, each with its size', async () => {
    const html = await htmlAt('/')
    const pictures = [...html.matchAll(/\/assets\/picture-(\w+)-(phone|laptop)-(light|dark)\.[0-9a-f]{12}\.webp/g)]
    expect(new Set(pictures.map(([, name]) => name)).size).toBe(3)
    expect(new Set(pictures.map(([url]) => url)).size).toBe(12)
    for (const [url] of pictures) {
      const answer = await fetch(app.url + url)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp'])
      const bytes = Buffer.from(await answer.arrayBuffer())
      const size = url.includes('phone') ? [780, 1170] : [1300, 813]
      // The size of the canvas, less one, in a VP8X header.
      expect([url, 1 + bytes.readUIntLE(24, 3), 1 + bytes.readUIntLE(27, 3)]).toEqual([url, ...size])
    }
    expect(html).toContain('Pictures with sample data')
  })

  test('says what it costs as the form has it chosen, and promises the refund at each button', async () => {
    const html = await htmlAt('/')
    expect(html).toMatch(/href="\/\?plan=monthly#register">Subscribe from\s+₹499/)
    expect(html).toMatch(/name="plan" value="monthly" required checked/)
    // At the hero’s button and under both plans.
    expect(html.match(/Full refund within 7 days/g)).toHaveLength(3)
    expect(html.match(/auto-debit/gi)).toHaveLength(1)
    expect(html).toContain('27AAPFU0939F1ZV')
  })

  test.each([
    ['/', 'Monthly'],
    ['/?plan=annual', 'Annual'],
  ])('%s: the card that stands out is the plan that the form has chosen', async (path, title) => {
    const html = await htmlAt(path)
    expect(/class="card plan best">[\s\S]*?<h3>(\w+)<\/h3>/.exec(html)![1]).toBe(title)
    expect(html.match(/card plan best/g)).toHaveLength(1)
    expect(html).toMatch(new RegExp(`value="${title.toLowerCase()}" required checked`))
  })

  test('says beside the form that it is no advice, and not by registered advisers', async () => {
    const form = /<form id="register"[\s\S]*?<\/form>/.exec(await htmlAt('/'))![0].replace(/\s+/g, ' ')
    expect(form).toContain('not investment advice. We are not SEBI-registered advisers. <a href="/disclaimer">')
  })

  test('counts the sectors it speaks of', async () => {
    const [row] = await app.sql<{ many: number }[]>`
      select count(*)::integer as many from instruments where kind = 'sector' and shown and universe = 'sector'`
    expect(await htmlAt('/')).toContain(`which of ${row!.many} sector ETFs`)
  })
})

test('who has given neither name nor address is said to be reached by mail, and nothing is left half said', async () => {
  const contact = await htmlAt('/contact')
  expect(contact).toContain('For the seller’s name and postal address, please write to us by e-mail.')
  expect(contact).not.toContain('<dt>Seller</dt>')
  expect((await htmlAt('/terms')).replace(/\s+/g, ' ')).toContain(
    'is run by its operator, GSTIN 27AAPFU0939F1ZV. Write to <a',
  )
})

/** Bytes of the answer's body as they are sent to a browser. */
async function sizeOf(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(app.url + path, { headers: { 'accept-encoding': 'br' } }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      answer.on('end', () => resolve(bytes))
    })
    asked.on('error', reject)
    asked.end()
  })
}
