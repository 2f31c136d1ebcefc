import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.ts'
import { askRaw, chrome, decoded, framesIn, windowOf } from '../../support/encoded.ts'
import type { Visitor } from '../../support/visitor.ts'
import { subscriberAt, subscriberOfSample } from './people.ts'

let app: TestApp
let visitor: Visitor
let starrer: Visitor
beforeAll(async () => {
  ;({ app, visitor } = await subscriberOfSample())
  starrer = (await subscriberAt(app)).visitor
  for (const star of ['ITBEES', 'PHARMABEES']) await starrer.post('/dashboard/watch-list', { star })
})
afterAll(() => app.close())

const browser = { 'user-agent': chrome, 'accept-encoding': 'gzip, deflate, br, zstd' }
const htmx = { 'hx-request': 'true' }
const regionIn = (html: string) => /<section id="analyser"[\s\S]*<\/section>/.exec(html)![0]

describe('how the dashboard is sent', () => {
  test.each([
    ['without stars', () => visitor],
    ['with stars', () => starrer],
  ])(
    'it reads the same in each coding, whole and as a fragment, first and once it is kept, to somebody %s',
    async (_, whose) => {
      for (const path of ['/dashboard', '/dashboard?view=map&tail=4', '/dashboard?only=starred', '/dashboard?step=day'])
        for (const extra of [{}, htmx]) {
          const plain = await askRaw(whose(), path, { ...browser, ...extra, 'accept-encoding': 'identity' })
          expect(plain.coding).toBeUndefined()
          for (const coding of ['zstd', 'br', 'gzip', 'zstd']) {
            const answer = await askRaw(whose(), path, { ...browser, ...extra, 'accept-encoding': coding })
            expect([path, answer.coding, answer.headers['content-length']]).toEqual([
              path,
              coding,
              String(answer.body.length),
            ])
            expect([answer.headers.vary, answer.headers['cache-control']]).toEqual([
              'HX-Request, Accept-Encoding',
              'no-store',
            ])
            expect(decoded(answer)).toBe(decoded(plain))
            expect(answer.body.length).toBeLessThan(plain.body.length / 4)
          }
        }
    },
  )

  test('what all readers share is one frame, the same to each of them, in windows that browsers take', async () => {
    const other = (await subscriberAt(app)).visitor
    const ask = async (whose: Visitor) => framesIn((await askRaw(whose, '/dashboard?tail=8', browser)).body)
    const [first, second, starred] = [await ask(visitor), await ask(other), await ask(starrer)]
    expect([first.length, second.length, starred.length]).toEqual([3, 3, 3])
    expect(second[1]!.equals(first[1]!)).toBe(true)
    expect(starred[1]!.equals(first[1]!)).toBe(false)
    for (const frame of [...first, ...starred]) expect(windowOf(frame)).toBeLessThanOrEqual(8 * 2 ** 20)
  })

  test('a star shows at once, to the one who set it alone, also where the page without it was compressed before', async () => {
    const one = (await subscriberAt(app)).visitor
    const ask = async (whose: Visitor) => regionIn(decoded(await askRaw(whose, '/dashboard', browser)))
    const before = await ask(one)
    await one.post('/dashboard/watch-list', { star: 'AUTOBEES' })
    const [after, others] = [await ask(one), await ask(visitor)]
    expect(after).toContain('name="unstar" value="AUTOBEES"')
    expect(others).toBe(before)
    await one.post('/dashboard/watch-list', { unstar: 'AUTOBEES' })
    expect(await ask(one)).toBe(before)
  })

  test('new prices are in the next answer', async () => {
    const before = decoded(await askRaw(visitor, '/dashboard', browser))
    await app.sql`update instruments set name = 'Software' where symbol = 'ITBEES'`
    await app.sql`update market_state set version = version + 1`
    const after = decoded(await askRaw(visitor, '/dashboard', browser))
    expect([before.includes('Software'), after.includes('Software')]).toEqual([false, true])
  })

  test('HEAD says what GET would, without it', async () => {
    const [head, got] = [
      await askRaw(visitor, '/dashboard', browser, 'HEAD'),
      await askRaw(visitor, '/dashboard', browser),
    ]
    expect([head.status, head.body.length, head.coding]).toEqual([200, 0, 'zstd'])
    expect(head.headers['content-length']).toBe(got.headers['content-length'])
  })

  const asked: [string, string, string, string | undefined][] = [
    ['Chrome', chrome, browser['accept-encoding'], 'zstd'],
    [
      'Firefox',
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'gzip, deflate, br, zstd',
      'zstd',
    ],
    ['Chrome that likes brotli better', chrome, 'zstd;q=0.5, br', 'br'],
    ['Chrome that refuses it', chrome, 'zstd;q=0, gzip', 'gzip'],
    ['an older Chrome', chrome, 'gzip, deflate, br', 'br'],
    [
      'Safari',
      'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/26.4 Safari/605.1.15',
      'gzip, deflate, br, zstd',
      'br',
    ],
    [
      'Chrome on iOS',
      'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/153.0 Mobile/15E148 Safari/604.1',
      'zstd, br',
      'br',
    ],
    ['a program', 'node', 'zstd', undefined],
    ['a program without a name', '', 'zstd, gzip', 'gzip'],
  ]
  test.each(asked)('%s gets what it reads', async (_, agent, accepted, coding) => {
    const answer = await askRaw(visitor, '/dashboard', { 'user-agent': agent, 'accept-encoding': accepted })
    expect([answer.status, answer.coding]).toEqual([200, coding])
    expect(decoded(answer)).toContain('id="analyser"')
  })
})
