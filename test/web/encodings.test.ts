import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { askRaw, decoded } from '../support/encoded.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const ask = (path: string, accepted: string | undefined) =>
  askRaw(new Visitor(app), path, accepted === undefined ? {} : { 'accept-encoding': accepted })

describe('Accept-Encoding', () => {
  const asked: [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0', undefined],
    ['br;q=0.000', undefined],
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=0.1, br;q=0.2', 'br'],
    ['gzip;q=0.2, br;q=0.1', 'gzip'],
    ['br;q=0.1, gzip', 'gzip'],
    ['  gzip ; q = 0.5 ,\tbr ; q=0.4 ', 'gzip'],
    ['GZIP', 'gzip'],
    ['BR;Q=0', undefined],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['br;q=0, *', 'gzip'],
    ['br;q=0, gzip;q=0, *', undefined],
    ['identity', undefined],
    ['identity;q=0', undefined],
    ['identity, br;q=0.5', undefined],
    ['identity;q=0.5, br', 'br'],
    ['identity;q=0, *;q=0', undefined],
    ['x-br, brx, zbr', undefined],
    ['x-gzip-like', undefined],
    [';;;,,,=q', undefined],
    ['br;q=zero', undefined],
    ['gzip;q=', 'gzip'],
    ['zstd', undefined],
  ]
  test.each(asked)('%j gets %j, and reads the same', async (accepted, coding) => {
    const plain = await ask('/terms', undefined)
    const asset = /href="(\/assets\/app\.[^"]+)"/.exec(plain.body.toString())![1]!
    for (const path of ['/terms', asset]) {
      const answer = await ask(path, accepted)
      expect([path, answer.coding]).toEqual([path, coding])
      expect(answer.headers.vary?.toLowerCase()).toContain('accept-encoding')
      expect(decoded(answer)).toBe((await ask(path, undefined)).body.toString())
    }
  })
})
