import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Exchange } from '../../../src/dev/exchange/exchange.ts'
import { onlyOwnBrowser } from '../../../src/dev/local-browser.ts'
import { exchangeAt } from './market.ts'

let exchange: Exchange
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exchange-'))
  exchange = await exchangeAt('2026-11-20T12:00:00+05:30', {
    protect: onlyOwnBrowser,
    stateFile: join(folder, 'exchange.json'),
  })
})
afterAll(async () => {
  await exchange.close()
  await rm(folder, { recursive: true })
})

const press = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(exchange.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', ...headers },
    body: new URLSearchParams(fields),
  })

test('the console shows clock, sessions and faults, and its buttons come back to it', async () => {
  expect((await press('/control/faults', { name: 'split', day: '2026-11-23', symbol: 'itbees' })).status).toBe(303)
  expect((await press('/control/clock', { to: 'next-session' })).status).toBe(303)
  const page = await (await fetch(exchange.url)).text()
  expect(page).toContain('2026-11-20 18:0')
  expect(page).toContain('One symbol is split 1:10 overnight <code>ITBEES</code>')
  expect(page).toMatch(/2026-11-23 <span class="tag PENDING">appears 2026-11-23 18:0\d/)
  await press('/control/faults', { name: 'none' })
  expect((await exchange.control.state()).faults).toEqual([])
})

test.each([
  ['/control/faults', { name: 'toString' }, 'There is no fault called toString.'],
  ['/control/faults', { name: 'late', day: '2026-13-01' }, 'The day must look like 2026-11-30.'],
  ['/control/faults', { name: 'split', symbol: '<b>' }, 'There is no <B> in its list.'],
  ['/control/clock', { to: 'tomorrow' }, '“to” is next-session, real-time, or a moment in ISO form.'],
])('%s with %j says what is wrong', async (path, fields, sentence) => {
  const answer = await press(path, fields as Record<string, string>)
  expect(answer.status).toBe(422)
  expect(await answer.json()).toEqual({ error: sentence })
})

test('pages elsewhere cannot press its buttons, though programs may fetch files', async () => {
  const faults = (await exchange.control.state()).faults
  const answer = await press('/control/faults', { name: 'late' }, { 'sec-fetch-site': 'cross-site' })
  expect(answer.status).toBe(403)
  expect((await exchange.control.state()).faults).toEqual(faults)
})

test('clock and faults survive a restart', async () => {
  await exchange.control.fault('closed', { day: '2026-11-24' })
  const { offsetMs } = (await exchange.control.state()).clock
  const next = await exchangeAt(null, { stateFile: join(folder, 'exchange.json') })
  const state = await next.control.state()
  expect(state.faults).toEqual([{ name: 'closed', day: '2026-11-24', symbol: null }])
  expect(state.clock.offsetMs).toBe(offsetMs)
  await next.close()
})
