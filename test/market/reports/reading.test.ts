import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { daysAfter } from '../../../src/market/calendar/days.ts'
import { heatCell, heatCells } from '../../../src/market/charts/heat.ts'
import { pictureOf, svgOf } from '../../../src/market/charts/picture.ts'
import { mapOf } from '../../../src/market/charts/rotation-map.ts'
import { heatMapOf } from '../../../src/market/dashboard/heat-map.ts'
import { currentMarket } from '../../../src/market/engine/market.ts'
import { type Span, spans } from '../../../src/market/engine/returns.ts'
import { movesIn, numberFormats } from '../../../src/market/engine/summary.ts'
import { analysisFor, newestIssue, reportOf } from '../../../src/market/reports/report.ts'
import { adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { importUntil, makeDue, pastSlot, reader, reportsTo, weekly } from './readers.ts'

const plain = { cadence: 'weekly' as const, isExcess: false }
const nasty = `<script>alert(1)</script>"&'`

let app: TestApp
let slot: Awaited<ReturnType<typeof pastSlot>>
beforeAll(async () => {
  app = await startApp()
  slot = await pastSlot(app, 'weekly')
  await app.sql`insert into instruments (symbol, name, kind)
                select 'MORE' || n, case n when 1 then ${nasty} else 'Another sector with a long name ' || n end, 'other'
                from generate_series(1, 24) n`
  await importUntil(app, slot.issue)
})
afterAll(() => app.close())

/** The report that somebody who starred these gets by schedule, with these parts. */
async function scheduled(parts: Record<string, string> = {}, stars: string[] = []) {
  const person = await reader(app)
  for (const symbol of stars) await app.sql`insert into stars (user_id, symbol) values (${person.userId}, ${symbol})`
  await person.visitor.post('/account/reports', { ...weekly, ...parts })
  await makeDue(app, slot, [person.userId])
  await app.run('queue-reports')
  const [mail] = await reportsTo(app, person.email)
  return { ...person, mail: mail! }
}

describe('how a report reads', () => {
  test('its HTML needs nothing from outside: no script, no SVG, no picture but its own', async () => {
    const { mail } = await scheduled()
    const html = mail.html!
    expect(html).not.toMatch(/<script|<svg|<link|<iframe|<form|\son\w+=|@import|url\(/i)
    expect([...html.matchAll(/<img[^>]* src="([^"]*)"/g)].map((match) => match[1])).toEqual(['cid:rotation-map@report'])
    expect(html).toMatch(/<img[^>]* alt="Sector rotation map\. Leading: /)
    expect(mail.attachments).toMatchObject([{ filename: 'sector-rotation-map.png', mimeType: 'image/png' }])
  })

  test('with forty instruments it stays under the size at which Gmail cuts mails off', async () => {
    const { mail } = await scheduled()
    expect(Buffer.byteLength(mail.html!)).toBeLessThan(102_000)
  })

  test('names cannot break out of the HTML, the text or the picture', async () => {
    const { mail } = await scheduled()
    expect(mail.html).not.toContain('<script>')
    expect(mail.html).toContain('&lt;script&gt;')
    expect(mail.text).toContain(nasty)
    const market = await currentMarket(app.sql)
    const analysis = analysisFor(market, 'weekly', slot.issue)!
    const svg = svgOf({
      ...mapOf(analysis),
      points: mapOf(analysis).points.map((point) => ({
        ...point,
        place: { label: { x: 9, y: 9, text: nasty, anchor: 'start' as const }, leader: null },
      })),
    })
    expect(svg).not.toContain('<script>')
  })

  test('the text says all that the HTML says', async () => {
    const { mail } = await scheduled()
    const text = mail.text!.replace(/\s+/g, ' ')
    const market = await currentMarket(app.sql)
    const report = reportOf(market, analysisFor(market, 'weekly', slot.issue)!, plain)
    for (const words of [
      report.summary,
      report.source,
      report.stamp,
      'As of ',
      'Information about the past, not investment advice',
      'formula',
    ])
      expect(text).toContain(words.replace(/\s+/g, ' '))
    for (const { rank, name, quadrant, score } of report.ranks)
      expect(text).toMatch(new RegExp(`${rank} .{0,6}${RegExp.escape(name)} +${quadrant?.title ?? '–'} +${score}`))
    for (const { name, cells } of report.heat)
      expect(text).toContain(`${name} ${cells.map((cell) => cell.text).join(' ')}`)
    expect(mail.html).not.toContain('Sample data')
  })

  test('its subject and first line are what changed, and the map comes before the ranks', async () => {
    const { mail } = await scheduled()
    const analysis = analysisFor(await currentMarket(app.sql), 'weekly', slot.issue)!
    const moves = movesIn(analysis)
    const { headline } = reportOf(await currentMarket(app.sql), analysis, plain)
    const [first] = moves
    expect(headline.split(', and ')[0]).toBe(
      first ? `${first.name}: ${first.from} → ${first.to}` : expect.stringMatching(/^No sector changed quadrant; /),
    )
    if (moves.length > 1) expect(headline).toContain(`, and ${moves.length - 1} more`)
    expect(mail.subject).toMatch(/^(?!Sample)\S.* · week to \w{3}, \d/)
    expect(mail.subject!.startsWith(headline)).toBe(true)
    for (const { name, from, to } of moves.slice(1)) {
      expect(mail.text).toContain(`- ${name}: ${from} → ${to}`)
      expect(mail.html).toMatch(new RegExp(`<td[^>]*>${from} → . ${to}<`))
    }
    for (const body of [mail.html!, mail.text!.toLowerCase()]) {
      const places = ['otation map', /leading:|<img/i, /ranks/i].map((part) => body.search(part))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
    }
  })

  test('each sector’s name leads to its page, with the ETF’s symbol beside it, and colours have a legend', async () => {
    const { mail } = await scheduled()
    expect(mail.html).toMatch(
      /<a [^>]*href="http[^"]*\/dashboard\/sectors\/BANKBEES"[^>]*>Banks<\/a>\s*<span[^>]*>BANKBEES</,
    )
    expect(mail.text).toMatch(/Banks +\S+ +(\(C\) +)?[\d.–]+ +BANKBEES/)
    expect(mail.html).toMatch(
      /fell most[\s\S]*little change[\s\S]*rose most[\s\S]*Colours begin at ±0.5, 2, 4 for a week/,
    )
  })

  test('it colours a return as the heat map of the page does', () => {
    const days = Object.fromEntries(spans.map((span) => [span, 3.5])) as Record<Span, number>
    expect(heatCells(days).map(({ step }) => step)).toEqual([2, 1, 1, 1, 0])
    expect(heatCell('1W', -3.96)).toEqual({ text: '−4.0', step: -2 })
    expect(heatCell('high', -7)).toEqual({ text: '−7.0', step: -2 })
    expect(heatCell('1Y', null)).toEqual({ text: '–', step: 0 })
  })

  test('its heat map is the page’s, with the distance from the year’s high beside it', async () => {
    const market = await currentMarket(app.sql)
    const analysis = analysisFor(market, 'weekly', slot.issue)!
    const page = heatMapOf(market.benchmark!, analysis.sectors, analysis).rows
    const mail = reportOf(market, analysis, plain).heat
    expect(mail.map(({ name, cells }) => ({ name, cells: cells.slice(0, -1) }))).toEqual(
      page.map(({ name, cells }) => ({ name, cells })),
    )
  })

  test('it holds the parts that were chosen and no others', async () => {
    const { mail } = await scheduled({ heat: '', map: '' })
    expect(mail.html).toContain('>Ranks<')
    expect(mail.html).not.toMatch(/Returns in percent|Sector rotation map/)
    expect(mail.text).not.toMatch(/RETURNS|ROTATION/)
    expect(mail.attachments).toEqual([])
  })

  test('of starred sectors alone, against the Nifty, it says both, and ranks are among all', async () => {
    const { mail } = await scheduled({ excess: 'yes', starred: 'yes' }, ['BANKBEES', 'ITBEES'])
    const market = await currentMarket(app.sql)
    const whole = analysisFor(market, 'weekly', slot.issue)!
    const text = mail.text!.replace(/[ ]+/g, ' ')
    expect(text).toContain(`Your starred sectors; ranks are among all ${whole.ranked}.`)
    expect(text).toContain('RETURNS MINUS THOSE OF THE NIFTY ETF, IN PERCENTAGE POINTS')
    for (const one of whole.sectors) {
      const isThere = ['BANKBEES', 'ITBEES'].includes(one.symbol)
      expect(text.includes(` ${one.symbol}\n`), one.symbol).toBe(isThere)
      if (!isThere) continue
      expect(text).toContain(` ${one.rank} `)
      const excess = one.returns['1Y']! - whole.benchmark.returns['1Y']!
      expect(text).toMatch(new RegExp(`${one.name} .*${RegExp.escape(numberFormats.signed(excess))}`))
    }
  })

  test('who starred nothing gets all sectors, and is told so', async () => {
    const { mail } = await scheduled({ starred: 'yes' })
    expect(mail.text).toContain('You have starred no sector, so all of them are here.')
    expect(mail.text).toContain('BANKBEES')
  })

  test('it never says what anybody should do', async () => {
    const { mail } = await scheduled()
    for (const body of [mail.html!, mail.text!]) expect(body).not.toMatch(/\b(buy|sell|hold|signal|opportunity|RRG)\b/i)
  })

  test('it says who has no rank and why, which readings are provisional, and what stands in for a missing week', async () => {
    const back = (count: number) => daysAfter(slot.issue, -count)
    await app.sql`create table kept as select * from prices`
    await app.sql`
      delete from prices
      where (symbol = 'MODEFENCE' and day < ${back(200)}) or (symbol = 'CPSEETF' and day > ${back(20)})
         or (symbol = 'BANKBEES' and day between ${back(32)} and ${back(28)})
    `
    await app.sql`update market_state set version = version + 1`
    const { mail } = await scheduled()
    await app.sql`insert into prices select * from kept on conflict do nothing`
    await app.sql`drop table kept`
    await app.sql`update market_state set version = version + 1`
    for (const body of [mail.html!, mail.text!]) {
      const text = body.replace(/\s+/g, ' ')
      expect(text).toMatch(/Without a rank: .*PSU \(no price since \d+ \w+( \d{4})?\)/)
      expect(text).toMatch(/Defence \(prices begin on \d+ \w+ \d{4}: less than a year\)/)
      expect(text).toContain('Banks: last close used for 1 missing week.')
      expect(text).toContain('(C): provisional, by formula C')
      expect(text).toContain(
        'Rank: returns of 3, 6, 9 and 12 months against the Nifty, the last three months counting double. Quadrant: ',
      )
    }
    expect(mail.text).toMatch(/Defence +\w+ \(C\)/)
    expect(mail.html).toMatch(/alt="[^"]*Defence \(provisional\)/)
  })

  test('a weekly one is about a week that is over, whatever was imported since', async () => {
    const market = await currentMarket(app.sql)
    expect(newestIssue(market, 'weekly')).toBe(slot.issue)
    expect(analysisFor(market, 'weekly', slot.issue)).toMatchObject({ asOf: slot.issue, provisional: false })
  })

  test('the picture is drawn once for everybody', async () => {
    const market = await currentMarket(app.sql)
    const analysis = analysisFor(market, 'weekly', slot.issue)!
    const [one, other] = await Promise.all([pictureOf(analysis), pictureOf(analysis)])
    expect(one).toBe(other)
    expect(one.subarray(1, 4).toString()).toBe('PNG')
    expect(one.length).toBeLessThan(200_000)
  })

  test('an admin sees it with its picture and without the person’s link', async () => {
    const { userId, mail } = await scheduled()
    const [row] = await app.sql<{ id: number }[]>`select id from mails where user_id = ${userId} and kind = 'report'`
    const admin = await adminOf(app, 'admin')
    const { body } = await admin.visitor.get(`/admin/mails/${row!.id}/preview`)
    expect(body).toContain('src="data:image/png;base64,')
    expect(body).not.toContain(/reports\/([\w-]{43})/.exec(mail.text!)![1])
  })
})
