import { strToU8, zipSync } from 'fflate'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Admin } from '../../support/admin.ts'
import { admin, app, other, reader, usePanel } from '../panel.ts'
import { type Chosen, etfList, long, upload, uploadTo } from './uploading.ts'

usePanel(['admin', 'other', 'reader'])
beforeEach(async () => {
  await app.sql`truncate etf_list`
})

const here = '/admin/market/instruments'
const give = (who: Admin, ...files: Chosen[]) => uploadTo(`${here}/etf-list`, who, ...files)
const listed = async () =>
  (await app.sql<{ symbol: string }[]>`select symbol from etf_list order by symbol`).map(({ symbol }) => symbol)
const entries = async () =>
  (await app.sql<{ details: unknown }[]>`select details from audit where action = 'etf-list.read' order by id`).map(
    (row) => row.details,
  )

const gold = ['GOLDBEES', 'Gold', 'Nippon India ETF Gold BeES', 'INF204KB17I5'] as const
const bank = ['BANKBEES', 'Nifty Bank', 'Nippon India ETF Bank BeES', 'INF204KB15I9', '04-Jun-04'] as const
const it = ['ITBEES', 'Nifty IT', 'Nippon India ETF Nifty IT', 'INF204KC1AB2', '1-Jul-2020'] as const
const midcap = ['MIDBEES', 'Nifty Midcap 150, TRI', 'Nippon Midcap & more', 'INF204KB19D2'] as const

describe('NSE’s list of ETFs', () => {
  test('is read, said and noted; the next one takes its place, and the same again changes nothing', async () => {
    const before = (await entries()).length
    const answer = await give(admin, etfList([...gold], [...bank]))
    expect([answer.status, answer.location]).toEqual([303, here])
    expect((await admin.visitor.get(here)).body).toContain('2 ETFs, of them 2 new and 0 changed; 0 left it.')
    expect(await app.sql`select *, listed_on::text as listed_on from etf_list order by symbol`).toMatchObject([
      { symbol: 'BANKBEES', underlying: 'Nifty Bank', isin: 'INF204KB15I9', listedOn: '2004-06-04' },
      { symbol: 'GOLDBEES', securityName: 'Nippon India ETF Gold BeES', listedOn: '2002-01-08' },
    ])
    const zip = zipSync({ 'eq_etfseclist.csv': strToU8(etfList([...bank], [...midcap]).content as string) })
    expect((await give(admin, { name: 'list.zip', content: new Uint8Array(zip) })).status).toBe(303)
    expect(await listed()).toEqual(['BANKBEES', 'MIDBEES'])
    const again = await Promise.all([admin, other].map((who) => give(who, etfList([...bank], [...midcap]))))
    expect(again.map(({ status }) => status)).toEqual([303, 303])
    expect((await entries()).slice(before)).toEqual([
      { file: 'eq_etfseclist.csv', entries: 2, added: 2, gone: 0, changed: 0 },
      { file: 'list.zip', entries: 2, added: 1, gone: 1, changed: 0 },
    ])
  })

  test('of two at once one is there whole, never a mixture', async () => {
    for (let round = 0; round < 5; round++) {
      const both = await Promise.all([give(admin, etfList([...gold], [...it])), give(other, etfList([...bank]))])
      expect(both.map(({ status }) => status)).toEqual([303, 303])
      expect([['BANKBEES'], ['GOLDBEES', 'ITBEES']]).toContainEqual(await listed())
    }
  })

  test('with a line that cannot be read is refused whole, each such line named', async () => {
    await give(admin, etfList([...bank]))
    const answer = await give(
      admin,
      etfList(
        [...gold],
        ['NOT A SYMBOL', 'x', 'x', 'INF204KB17I5'],
        ['ADATE', 'x', 'x', 'INF204KB17I5', '31-Feb-02'],
        ['ANISIN', 'x', '<img src=x onerror=alert(1)>', '<b>INF204KB17I4'],
        ['NONAME', 'x', '', 'INF204KB17I5'],
        [...gold],
      ),
    )
    expect(answer.status).toBe(422)
    for (const words of [
      'The list was not read.',
      'line 3</b><span class="small muted">“NOT A SYMBOL” is not a symbol.',
      'line 4</b><span class="small muted">“31-Feb-02” is not a date',
      'line 5</b><span class="small muted">“&lt;b&gt;INF204KB17I4” is not the ISIN of an Indian fund.',
      'line 6</b><span class="small muted">NONAME has no name.',
      'line 7</b><span class="small muted">GOLDBEES stands on line 2 too.',
    ])
      expect(answer.body).toContain(words)
    expect(await listed()).toEqual(['BANKBEES'])
  })

  test.each<[string, Chosen, string]>([
    ['prices', long('p.csv', ['2026-11-20', 'BANKBEES', 500]), 'This is not NSE’s list of ETFs'],
    ['nothing', { name: 'x.csv', content: '' }, 'This file is empty.'],
    ['only the header', etfList(), 'There is no ETF in this file.'],
    ['a web page', { name: 'x.csv', content: '<!DOCTYPE html><html>' }, 'This is a web page'],
    ['a quote that is never closed', { ...etfList(), content: `${etfList().content}A,"` }, 'this is not a CSV file'],
    ['no zip', { name: 'x.zip', content: 'PK' }, 'This zip cannot be unpacked'],
    [
      'far too much',
      etfList(
        ...Array.from({ length: 5_001 }, (_, i): typeof gold => [`E${i}` as 'GOLDBEES', gold[1], gold[2], gold[3]]).map(
          (row) => [...row] as [string, string, string, string],
        ),
      ),
      'No list of ETFs is as long as this.',
    ],
  ])('is not %s', async (_what, file, words) => {
    const answer = await give(admin, file)
    expect([answer.status, answer.body.includes(words)]).toEqual([422, true])
    expect(await listed()).toEqual([])
  })

  test('is asked for when no file or two come', async () => {
    expect((await admin.visitor.post(`${here}/etf-list`)).body).toContain('Choose the file first.')
    const two = await give(admin, etfList([...gold]), etfList([...bank]))
    expect([two.status, two.body.includes('One file, please')]).toEqual([422, true])
    expect(await listed()).toEqual([])
  })

  test('among prices is pointed to where it is read', async () => {
    const { location } = await upload(admin, etfList([...gold]))
    expect((await admin.visitor.get(location!)).body).toContain('it holds no prices. It is read under Instruments.')
  })
})

describe('the picker', () => {
  const search = async (q: string, who = admin) => (await who.visitor.get(`${here}?q=${encodeURIComponent(q)}`)).body
  const addIn = (body: string) =>
    [...body.matchAll(/href="(\/admin\/market\/instruments\/new\?[^"]+)"/g)].map(([, at]) =>
      at!.replaceAll('&amp;', '&'),
    )

  test('finds by symbol, name and underlying what is not followed, and fills in the form', async () => {
    await give(admin, etfList([...gold], [...bank], [...it], [...midcap]))
    for (const q of ['midb', 'MORE', 'midcap 150', 'tri nippon']) {
      const found = addIn(await search(q))
      expect([q, found.length]).toEqual([q, 1])
      const form = await admin.visitor.get(found[0]!)
      expect(form.status).toBe(200)
      for (const value of ['MIDBEES', 'Nifty Midcap 150, TRI', 'INF204KB19D2'])
        expect(form.body).toContain(`value="${value}"`)
    }
    // Followed already, or not there; signs that mean something to a database mean nothing here.
    for (const q of ['bankbees', 'nothing like it', '%', '_', "'", '\\', '\0'])
      expect([q, addIn(await search(q))]).toEqual([q, []])
    expect(await search('bankbees')).toContain('No matches')
  })

  test('shows twenty at most, and says so', async () => {
    const many = Array.from({ length: 25 }, (_, i): [string, string, string, string] => [`FUND${i}`, 'x', 'x', gold[3]])
    await give(admin, etfList(...many))
    const body = await search('fund')
    expect([addIn(body).length, body.includes('These are the first 20.')]).toEqual([20, true])
  })

  test('shows what the list says as text, whatever it says', async () => {
    const evil = '<script>alert(1)</script>'
    await give(admin, etfList(['EVIL', `""><img src=x onerror=alert(2)>`.replaceAll('"', '""'), evil, gold[3]]))
    const body = await search('evil')
    expect([body.includes(evil), body.includes('<img src=x'), body.includes('&lt;script&gt;alert(1)')]).toEqual([
      false,
      false,
      true,
    ])
    const form = (await admin.visitor.get(addIn(body)[0]!)).body
    expect([form.includes('<img src=x'), form.includes('&lt;img src=x')]).toEqual([false, true])
    expect((await search(`"><script>alert(3)</script>`)).includes('<script>alert(3)')).toBe(false)
  })

  test('is there for those who only look, who cannot add or read a list', async () => {
    await give(admin, etfList([...gold]))
    const body = await search('gold', reader)
    expect([body.includes('GOLDBEES'), addIn(body), body.includes('Read the list')]).toEqual([true, [], false])
    expect((await give(reader, etfList([...midcap]))).status).toBe(403)
    expect(await listed()).toEqual(['GOLDBEES'])
  })
})

test('followed instruments without an ISIN, or with another one, are named with what the list says', async () => {
  const quiet = (await admin.visitor.get('/admin/market')).body
  expect(quiet).not.toContain('ISIN')
  await give(admin, etfList([...it], ['BANKBEES', 'Nifty Bank', 'Bank BeES', 'INF204KB19D2'], [...gold]))
  const body = (await admin.visitor.get('/admin/market')).body
  for (const words of [
    'ITBEES has no ISIN',
    'NSE’s list says INF204KC1AB2.',
    'BANKBEES has another ISIN in NSE’s list',
    'The list says INF204KB19D2; here it is INF204KB15I9.',
  ])
    expect(body).toContain(words)
  expect(body).not.toContain('GOLDBEES')
  expect((await admin.visitor.get(`${here}/ITBEES`)).body).toContain('NSE’s list says INF204KC1AB2.')
  await give(admin, etfList([...it], ['AUTOBEES', 'x', 'x', 'INF204KB19D2']))
  const several = (await admin.visitor.get('/admin/market')).body
  expect(several).toContain('2 instruments have no ISIN')
  expect(several).toContain('NSE’s list says AUTOBEES INF204KB19D2, ITBEES INF204KC1AB2.')
})
