import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findInstrument } from '../../../src/market/instruments/queries.ts'
import { subscriberAt } from '../../market/dashboard/people.ts'
import { admin, app, other, reader, usePanel } from '../panel.ts'
import { etfList, long, upload, uploadTo } from './uploading.ts'

usePanel(['admin', 'other', 'reader'])

const here = '/admin/market/instruments'
const instrument = (symbol: string) => findInstrument(app.sql, symbol)
const rename = async (who: typeof admin, symbol: string, newSymbol: string, changes: Record<string, string> = {}) => {
  const seen = String((await instrument(symbol))?.revision ?? 1)
  return who.visitor.post(`${here}/${symbol}/rename`, { seen, newSymbol, until: '2020-11-12', ...changes })
}
const entries = async (action: string) =>
  (await app.sql<{ details: unknown }[]>`select details from audit where action = ${action} order by id`).map(
    (row) => row.details,
  )

/** Uploads and commits prices. */
async function commits(...rows: Parameters<typeof long>[1][]) {
  const { location } = await upload(admin, long('given.csv', ...rows))
  const page = await admin.visitor.get(location!)
  const version = /name="version" value="(\d+)"/.exec(page.body)![1]!
  expect((await admin.visitor.post(`${location}/commit`, { version })).status).toBe(303)
}

beforeAll(async () => {
  await commits(
    ['2020-11-11', 'NIFTYBEES', 250],
    ['2020-11-12', 'NIFTYBEES', 251],
    ['2020-11-11', 'HEALTHIETF', 140],
    ['2020-11-12', 'HEALTHIETF', 141],
  )
})

describe('an instrument', () => {
  test('is renamed with all it has, once, and its old addresses lead to it', async () => {
    await app.sql`select add_split('HEALTHIETF', '2020-11-12', 2, 'test', null)`
    await app.sql`insert into real_jumps (symbol, day, confirmed_by) values ('HEALTHIETF', '2020-11-11', 'test')`
    const form = (await admin.visitor.get(`${here}/HEALTHIETF`)).body
    // The last day under the symbol is its newest price's, until somebody says otherwise.
    expect(form).toMatch(/name="until"[^>]*value="2020-11-12"|value="2020-11-12"[^>]*name="until"/)
    const answers = await Promise.all([admin, other].map((who) => rename(who, 'HEALTHIETF', 'healthbees.ns')))
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [303, here],
      [303, here],
    ])
    expect((await admin.visitor.get(here)).body).toContain('HEALTHIETF is now HEALTHBEES, with all its history.')
    expect(await entries('instrument.renamed')).toEqual([
      { before: 'HEALTHIETF', after: 'HEALTHBEES', until: '2020-11-12' },
    ])
    expect(await instrument('HEALTHBEES')).toMatchObject({ name: 'Healthcare', hasPrices: true })
    for (const table of ['prices', 'splits', 'real_jumps'])
      expect(await app.sql`select distinct symbol from ${app.sql(table)} where symbol like 'HEALTH%'`).toEqual([
        { symbol: 'HEALTHBEES' },
      ])
    const old = await admin.visitor.get(`${here}/HEALTHIETF`)
    expect([old.status, old.location]).toEqual([303, `${here}/HEALTHBEES`])
    expect((await admin.visitor.get(`${here}/HEALTHBEES`)).body).toMatch(
      /<b>HEALTHIETF<\/b>[\s\S]*until\s+Thu, 12 Nov 2020/,
    )

    const { visitor } = await subscriberAt(app)
    const sector = await visitor.get('/dashboard/sectors/HEALTHIETF?step=day&tail=8')
    expect([sector.status, sector.location]).toEqual([303, '/dashboard/sectors/HEALTHBEES?step=day&tail=8'])
    expect((await visitor.get(sector.location!)).body).toContain('HEALTHBEES')
    expect((await visitor.get('/dashboard?focus=HEALTHIETF')).body).toContain('focus=HEALTHBEES')
    const csv = await visitor.get('/dashboard/table.csv?focus=HEALTHIETF')
    expect([csv.status, csv.body.includes('HEALTHBEES'), csv.body.includes('HEALTHIETF')]).toEqual([200, true, false])
    for (const path of ['/dashboard/sectors/NOBODY', '/dashboard?focus=NOBODY', '/dashboard/table.csv?focus=NOBODY'])
      expect([path, (await visitor.get(path)).status]).toEqual([path, 404])
  })

  test.each([
    [
      'a symbol that is another instrument’s',
      { newSymbol: 'BANKBEES' },
      422,
      'BANKBEES is another instrument’s symbol.',
    ],
    ['the symbol it has', { newSymbol: 'metalietf' }, 422, 'It is called METALIETF already.'],
    ['no symbol', { newSymbol: 'A B' }, 422, 'The symbol as NSE writes it'],
    ['nothing', { newSymbol: '' }, 422, 'The symbol as NSE writes it'],
    ['a day that does not exist', { until: '2020-02-30' }, 422, 'The last day it traded as METALIETF'],
    ['no day', { until: '' }, 422, 'The last day it traded as METALIETF'],
    ['a day that has not come', { until: '2199-01-01' }, 422, 'That day has not come yet.'],
    ['an older page', { seen: '999' }, 409, 'Somebody changed METALIETF in the meantime.'],
    ['a page of somebody else’s making', { seen: '-1' }, 409, 'Somebody changed METALIETF in the meantime.'],
  ])('is not renamed by %s; the reason is said, and what was typed is kept', async (_, changes, status, sentence) => {
    const answer = await rename(admin, 'METALIETF', 'METALBEES', changes)
    expect([answer.status, answer.body.includes(sentence)]).toEqual([status, true])
    const typed = { newSymbol: 'METALBEES', until: '2020-11-12', ...changes }
    for (const value of [typed.newSymbol, typed.until]) if (value) expect(answer.body).toContain(`value="${value}"`)
    expect(await instrument('METALIETF')).toMatchObject({ symbol: 'METALIETF', revision: 1 })
    expect(await instrument('METALBEES')).toBeUndefined()
  })

  test('is not renamed by those who only look, nor one that is not there', async () => {
    expect((await rename(reader, 'METALIETF', 'METALBEES')).status).toBe(403)
    expect((await reader.visitor.get(`${here}/METALIETF`)).body).not.toContain('New symbol')
    expect((await rename(admin, 'NOBODY', 'METALBEES')).status).toBe(404)
    expect(await instrument('METALIETF')).toBeDefined()
  })

  test('goes back to its former symbol, which is a former one no more; a mistaken former name can be removed', async () => {
    expect((await rename(admin, 'OILIETF', 'OILBEES')).status).toBe(303)
    expect((await rename(admin, 'OILBEES', 'OILIETF', { until: '2020-11-13' })).status).toBe(303)
    const former = () => app.sql`select kind, name, until_day::text as until from former_names where symbol = 'OILIETF'`
    expect(await former()).toEqual([{ kind: 'symbol', name: 'OILBEES', until: '2020-11-13' }])
    const seen = String((await instrument('OILIETF'))!.revision)
    const given = { seen, kind: 'symbol', name: 'OILBEES', until: '2020-11-13' }
    const remove = (who: typeof admin, changes = {}) =>
      who.visitor.post(`${here}/OILIETF/former-names/removal`, { ...given, ...changes })
    expect((await remove(reader)).status).toBe(403)
    const stale = await remove(admin, { seen: '1' })
    expect([stale.status, stale.body.includes('Somebody changed OILIETF in the meantime.')]).toEqual([409, true])
    for (const changes of [{ until: '2020-13-45' }, { name: '\0' }, { kind: 'isin' }])
      expect([changes, (await remove(admin, changes)).status]).toEqual([changes, 303])
    expect(await former()).toHaveLength(1)
    expect(await Promise.all([remove(admin), remove(other)]).then((all) => all.map(({ status }) => status))).toEqual([
      303, 303,
    ])
    expect([await former(), await entries('instrument.name-forgotten')]).toEqual([
      [],
      [{ symbol: 'OILIETF', kind: 'symbol', name: 'OILBEES', until: '2020-11-13' }],
    ])
  })

  test('that is the benchmark stays it under another symbol, and one without prices can still be removed', async () => {
    expect((await rename(admin, 'NIFTYBEES', 'NIFTYETF')).status).toBe(303)
    expect(await instrument('NIFTYETF')).toMatchObject({ kind: 'benchmark', shown: true })
    expect((await (await subscriberAt(app)).visitor.get('/dashboard')).body).toContain('id="analyser"')
    expect((await rename(admin, 'NIFTYETF', 'NIFTYBEES', { until: '2020-11-13' })).status).toBe(303)
    expect((await rename(admin, 'MOREALTY', 'REALTYBEES')).status).toBe(303)
    expect((await admin.visitor.post(`${here}/REALTYBEES/removal`)).status).toBe(303)
    expect(await app.sql`select from former_names where name = 'MOREALTY'`).toHaveLength(0)
  })

  test.each([
    ['present', 'BANKBEES'],
    ['former', 'PSUBNKBEES'],
  ])('cannot have the %s ISIN of another', async (which, holder) => {
    if (which === 'former')
      await app.sql`
        insert into former_names (symbol, kind, name, until_day) values ('PSUBNKBEES', 'isin', 'INF204KB19D2', '2020-01-01')
      `
    const isin = which === 'former' ? 'INF204KB19D2' : 'INF204KB15I9'
    const details = { name: 'X', tracks: '', isin, universe: 'sector', shown: 'yes' }
    for (const answer of [
      await admin.visitor.post(`${here}/new`, { ...details, symbol: 'XBEES' }),
      await admin.visitor.post(`${here}/ITBEES`, { ...details, seen: '1' }),
    ])
      expect([answer.status, answer.body.includes(`That is the ISIN of ${holder}.`)]).toEqual([422, true])
    expect([await instrument('XBEES'), (await instrument('ITBEES'))!.isin]).toEqual([undefined, null])
  })
})

describe('a fund that NSE’s list has under another symbol', () => {
  const psu = 'INF204KB16I7'
  beforeEach(async () => {
    await app.sql`truncate etf_list`
  })
  const give = (...rows: Parameters<typeof etfList>) => uploadTo(`${here}/etf-list`, admin, etfList(...rows))

  test('is offered for renaming on every page about it, never as one to be followed', async () => {
    await give(
      ['PSUBANKETF', 'Nifty PSU Bank', 'Nippon India ETF PSU Bank', psu],
      ['GOLD1', 'Gold', 'Gold', 'INF109KC1E35'],
    )
    const overview = (await admin.visitor.get('/admin/market')).body
    expect(overview).toContain('NSE’s list calls PSUBNKBEES PSUBANKETF')
    expect(overview).not.toContain('another ISIN')
    const found = (await admin.visitor.get(`${here}?q=psubanketf`)).body
    expect([found.includes('No matches'), found.includes('symbol=PSUBANKETF')]).toEqual([true, false])
    expect((await admin.visitor.get(`${here}?q=gold`)).body).toContain('symbol=GOLD1')
    expect((await reader.visitor.get(here)).body).toContain('NSE’s list calls PSUBNKBEES PSUBANKETF')
    expect((await reader.visitor.get(here)).body).not.toContain('Rename PSUBNKBEES')
    const page = (await admin.visitor.get(`${here}/PSUBNKBEES`)).body
    expect(page).toContain('Rename PSUBNKBEES to PSUBANKETF')
    // The one act, as the page sends it.
    const [, action, fields] = /action="([^"]+\/rename)">\s*([\s\S]*?)<button/.exec(page)!
    const given = Object.fromEntries([...fields!.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, k, v]) => [k!, v!]))
    expect((await admin.visitor.post(action!, given)).status).toBe(303)
    expect(await instrument('PSUBANKETF')).toMatchObject({ isin: psu, name: 'PSU banks' })
    expect((await admin.visitor.get('/admin/market')).body).not.toContain('NSE’s list calls')
    await rename(admin, 'PSUBANKETF', 'PSUBNKBEES', { until: '2020-11-13' })
  })

  test('whose symbol another fund took is one rename, and no second warning', async () => {
    await give(
      ['PSUBANKETF', 'Nifty PSU Bank', 'Nippon India ETF PSU Bank', psu],
      ['PSUBNKBEES', 'Something', 'Another fund', 'INF109KC1E35'],
    )
    const overview = (await admin.visitor.get('/admin/market')).body
    expect([overview.includes('NSE’s list calls PSUBNKBEES PSUBANKETF'), overview.includes('another ISIN')]).toEqual([
      true,
      false,
    ])
  })

  test('cannot be renamed to what another instrument is called here; the page says so', async () => {
    await give(['ITBEES', 'Nifty PSU Bank', 'Nippon India ETF PSU Bank', psu])
    const answer = await rename(admin, 'PSUBNKBEES', 'ITBEES')
    expect([answer.status, answer.body.includes('ITBEES is another instrument’s symbol.')]).toEqual([422, true])
  })
})
