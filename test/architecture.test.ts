import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { circlesIn, freeRooms, isBelow, placeOf, rooms, slices, sourceFiles } from './support/floor-plan.ts'

const files = sourceFiles('.ts').filter(({ file }) => !file.endsWith('.d.ts'))
/** Only these speak Fastify, and read `web`; in their own room they stand above every slice. */
const endpoints = /(^|\/|-)(routes|guards)\.ts$/
const arrows = files.flatMap(({ file, imports }) => imports.map((target) => ({ file, target })))
const names = (found: { file: string }[]) => found.map(({ file }) => file)

describe('the floor plan', () => {
  test('has the rooms of the table and nothing else', () => {
    const there = new Set(files.map(({ file }) => placeOf(file).room))
    expect([...there].sort()).toEqual([...freeRooms, ...rooms.flat()].sort())
    expect(names(files).filter((file) => !file.includes('/'))).toEqual(['app.ts', 'main.ts', 'start.ts', 'stripped.ts'])
  })

  test('every slice of a room with floors stands in the table', () => {
    const unknown = names(files).filter((file) => {
      const { room, slice } = placeOf(file)
      return room in slices && slice !== '' && !slices[room]!.flat().includes(slice)
    })
    expect(unknown).toEqual([])
  })

  test('a room imports only rooms below it', () => {
    const upward = arrows.filter(({ file, target }) => {
      const from = placeOf(file)
      const to = placeOf(target)
      return (
        !freeRooms.includes(from.room) &&
        !from.isWiring &&
        from.room !== to.room &&
        (freeRooms.includes(to.room) || !isBelow(to.room, from.room, rooms))
      )
    })
    expect(upward.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  test('a slice imports only slices on lower floors of its room; what answers requests stands above them all', () => {
    const upward = arrows.filter(({ file, target }) => {
      const from = placeOf(file)
      const to = placeOf(target)
      if (from.room !== to.room || !(from.room in slices) || from.isWiring || endpoints.test(file)) return false
      return from.slice !== to.slice && !isBelow(to.slice, from.slice, slices[from.room]!)
    })
    expect(upward.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  test('no files import each other in a circle, not even for types', () => {
    expect(circlesIn(files)).toEqual([])
  })

  test('only what answers requests imports web or routes', () => {
    const wrong = arrows.filter(({ file, target }) => {
      if (endpoints.test(file) || /^(web|dev)\//.test(file) || file === 'app.ts') return false
      return placeOf(target).room === 'web' || /(^|\/|-)routes\.ts$/.test(target)
    })
    const allowed = ['start.ts → web/graceful-shutdown.ts', 'start.ts → web/session.ts']
    expect(wrong.map(({ file, target }) => `${file} → ${target}`).filter((arrow) => !allowed.includes(arrow))).toEqual(
      [],
    )
  })

  test('queries import nothing of their slice but types and other queries', () => {
    const fromQueries = files
      .filter(({ file }) => /(^|\/|-)queries\.ts$/.test(file))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/^import (?!type)[^\n]*from '\.\/([^']+)'/gm)].map((match) => `${file} → ${match[1]}`),
      )
      .filter((arrow) => !/queries\.ts$/.test(arrow))
    expect(fromQueries).toEqual([])
  })

  test('only routes, guards, app.ts and web/ know Fastify', () => {
    const knowing = files.filter(({ packages }) => packages.some((name) => /^@?fastify/.test(name)))
    expect(names(knowing).filter((file) => !endpoints.test(file) && !/^(app\.ts|web\/|dev\/)/.test(file))).toEqual([])
  })

  test('only queries, *.sql and platform/ hold SQL', () => {
    const holding = files.filter(({ text }) => /\bsql(<[^`]*>)?`/.test(text))
    expect(
      names(holding).filter((file) => !/(^|\/|-)queries\.ts$|^platform\/|^dev\/embedded-postgres\//.test(file)),
    ).toEqual([])
  })

  test('only the gateway client knows Cashfree’s field names', () => {
    const words =
      /\b(customer_details|order_amount|order_meta|order_expiry_time|payment_status|payment_completion_time|payment_group)\b/
    // The JSON API answers in Cashfree's words because the product's guide promised them; the webhook endpoint reads a hint.
    const promised = [
      'billing/payments/cashfree.ts',
      'billing/payments/cashfree-refunds.ts',
      'billing/payments/cashfree-disputes.ts',
      'billing/payments/cashfree-mandates.ts',
      'billing/payments/read-mandate.ts',
      'api/routes.ts',
      'billing/payments/queries.ts',
      'billing/webhooks/delivery.ts',
      'billing/webhooks/mandate-event.ts',
      'platform/log.ts',
    ]
    const knowing = names(files.filter(({ text }) => words.test(text)))
    expect(knowing.filter((file) => !promised.includes(file) && !file.startsWith('dev/'))).toEqual([])
  })

  test('what runs outside production alone is imported by nothing that serves', () => {
    const opening = arrows.filter(({ file, target }) => !/^(dev|commands)\//.test(file) && target.startsWith('dev/'))
    // The starts of the demo, which import it only when nothing is configured.
    expect(names(opening).filter((file) => !['main.ts', 'start.ts'].includes(file))).toEqual([])
  })

  test('the Cashfree look-alike can be lifted out: it imports nothing of the product', () => {
    const inside = (file: string) => file.startsWith('dev/cashfree-sandbox/')
    expect(arrows.filter(({ file, target }) => inside(file) && !inside(target))).toEqual([])
  })

  test('transactions are opened by migrations alone', () => {
    expect(names(files.filter(({ text }) => /\.(begin|reserve)\(/.test(text)))).toEqual(['platform/migrate.ts'])
  })

  test('no file is called by a word that says nothing', () => {
    expect(
      names(files).filter((file) => /(^|\/)(utils?|helpers?|types|service|manager|index|common|misc)\.ts$/.test(file)),
    ).toEqual([])
  })

  test('no folder holds a single file, or is nested deeper than two under its room', () => {
    const count = new Map<string, number>()
    for (const { file } of sourceFiles('')) {
      const folders = file.split('/').slice(0, -1)
      for (let depth = 1; depth <= folders.length; depth++) {
        const folder = folders.slice(0, depth).join('/')
        count.set(folder, (count.get(folder) ?? 0) + 1)
      }
    }
    const lonely = [...count].filter(([folder, size]) => size === 1 && folder !== 'api').map(([folder]) => folder)
    const deep = [...count.keys()].filter((folder) => folder.split('/').length > 3)
    expect([...lonely, ...deep]).toEqual([])
  })

  test('every exported function says what it promises', () => {
    const silent = files.flatMap(({ file, text }) =>
      [...text.matchAll(/(^|\n)([^\n]*)\n(?:\/\/ biome-ignore[^\n]*\n)?export (?:default )?(?:async )?function (\w+)/g)]
        .filter((match) => !/\*\/\s*$/.test(match[2]!))
        .map((match) => `${file}: ${match[3]}`),
    )
    expect(silent).toEqual([])
  })

  test('is drawn in the README as it is here', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
    expect([...freeRooms, ...rooms.flat()].filter((room) => room !== '' && !readme.includes(`${room}/`))).toEqual([])
  })
})
