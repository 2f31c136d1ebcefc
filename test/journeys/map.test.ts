import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type PersonOptions, type Size, sizes, takeOver } from '../support/browser.ts'
import { until } from '../support/until.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
  // One that is provisional, and begins during the weeks that are played.
  await scene.app.sql`delete from prices where symbol = 'MODEFENCE' and day < '2026-03-01'`
  await scene.app.sql`update market_state set version = version + 1`
})

async function reader(options: PersonOptions, path = '/dashboard?view=map') {
  const person = await scene.arrive(options)
  const { visitor } = await subscriberAt(scene.app)
  await takeOver(person, visitor)
  await person.page.goto(path)
  return person
}

const asOfIs = (page: Page, text: string) => page.locator('.as-of b', { hasText: text }).waitFor()
const dayIs = (page: Page, text: string) => page.locator('#player output', { hasText: text }).waitFor()
/** What the heads on the drawing say of each sector, by where they stand on its scale. */
const headsOf = (page: Page) =>
  page.evaluate(`(() => {
    const svg = document.querySelector('.chosen-from')
    const { centre, unit } = JSON.parse(svg.dataset.geometry)
    const heads = [...svg.querySelectorAll('.sector:not(.prototype, .provisional, [hidden]) .point')]
    return Object.fromEntries(heads.map((point) => {
      const { e: x, f: y } = new DOMMatrix(getComputedStyle(point).transform)
      return [point.parentElement.dataset.symbol, [100 + (x - centre.x) / unit.x, 100 - (y - centre.y) / unit.y]]
    }))
  })()`) as Promise<Record<string, [ratio: number, momentum: number]>>

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test('weeks are stepped and scrubbed with the keyboard, and where one rests, table and address are of that week', async () => {
    const { page } = await reader({ size })
    const slider = page.getByRole('slider', { name: 'Week on the map' })
    await slider.focus()
    await page.keyboard.press('ArrowLeft')
    await dayIs(page, 'Fri, 13 Nov 2026')
    await asOfIs(page, 'Fri, 13 Nov 2026')
    expect(page.url()).toContain('at=2026-11-13')
    expect(await page.evaluate('document.activeElement.id')).toBe('week')
    await page.keyboard.press('Home')
    await asOfIs(page, 'Fri, 3 Oct 2025')
    expect(await slider.getAttribute('aria-valuetext')).toBe('Fri, 3 Oct 2025')
    await page.keyboard.press('End')
    await asOfIs(page, 'Thu, 19 Nov 2026')
    await slider.fill('50')
    await asOfIs(page, 'Fri, 18 Sep 2026')
    // From a sector as well, whose own key is Enter.
    await page.locator('.sector .point').first().focus()
    await page.keyboard.press('ArrowRight')
    await asOfIs(page, 'Fri, 25 Sep 2026')
  })

  test('exactly on a head one meets its own sector, however crowded the map is', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&tail=20')
    await page.locator('.chosen-from').scrollIntoViewIfNeeded()
    const met = (await page.evaluate(`(() => {
      const heads = [...document.querySelectorAll('.chosen-from .sector:not(.prototype) .point')]
      return heads.map((point) => {
        point.scrollIntoView({ block: 'center', behavior: 'instant' })
        const { e, f } = point.getScreenCTM()
        return [point.parentElement.dataset.symbol, document.elementFromPoint(e, f)?.closest('.point')?.parentElement.dataset.symbol]
      })
    })()`)) as [own: string, met: string | undefined][]
    expect(met.length).toBeGreaterThan(12)
    expect(met.map(([, symbol]) => symbol)).toEqual(met.map(([symbol]) => symbol))
  })

  test('it is played from a week to the newest, and paused with the space bar', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&at=2026-10-23')
    const play = page.getByRole('button', { name: 'Play' })
    await play.click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    // What is of the page's own day is not shown beside another.
    await page.locator('.moving').waitFor()
    const dated = ['.members small', '#reading', 'figcaption', '[download]'].map((one) =>
      page.locator(`.part-map ${one}`).first(),
    )
    for (const one of [page.locator('.as-of b'), ...dated]) await one.waitFor({ state: 'hidden' })
    await asOfIs(page, 'Thu, 19 Nov 2026')
    for (const one of dated) await one.waitFor()
    await play.waitFor()
    await page.locator('#week').focus()
    await page.keyboard.press(' ')
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    // At the newest week it begins with the oldest.
    await page.locator('#player output', { hasText: '2025' }).waitFor()
    await page.keyboard.press(' ')
    await play.waitFor()
    await page.locator('.as-of b', { hasText: '2025' }).waitFor()
    const shown = await page.locator('#player output').textContent()
    expect(await page.locator('.as-of b').textContent()).toBe(`As of ${shown}`)
  })

  test('while it is played, no name lies on another, on a corner’s word or on a head, and all are back where it rests', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&at=2026-06-05&names=all')
    const named = await page.locator('.point .name:visible').count()
    await page.getByRole('button', { name: 'Play' }).click()
    await page.locator('.moving').waitFor()
    for (let week = 0; week < 5; week++) {
      const { names, pairs } = (await page.evaluate(`(() => {
        const boxOf = (one, by) => {
          const { left, right, top, bottom } = one.getBoundingClientRect()
          return { text: one.textContent.trim(), left: left + by, right: right - by, top: top + by, bottom: bottom - by }
        }
        const isShown = (one) => one.checkVisibility({ visibilityProperty: true })
        for (const one of document.querySelectorAll('.point')) one.style.transition = 'none'
        const names = [...document.querySelectorAll('.point .name')].filter(isShown)
        const others = [...document.querySelectorAll('.corner'), ...[...document.querySelectorAll('.sector .head')].filter(isShown)]
        const texts = names.map((one) => boxOf(one, 3))
        const all = [...texts, ...others.map((one) => boxOf(one, 2))]
        const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
        const pairs = texts.flatMap((a, i) => all.slice(i + 1).filter((b) => meets(a, b)).map((b) => a.text + ' / ' + b.text))
        return { names: names.length, pairs }
      })()`)) as { names: number; pairs: string[] }
      expect(pairs).toEqual([])
      expect(names).toBeGreaterThan(2)
      await page.waitForTimeout(500)
    }
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('.moving').waitFor({ state: 'detached' })
    expect(await page.locator('.point .name:visible').count()).toBeGreaterThanOrEqual(named - 3)
  })

  test('the lists beside it follow, and nothing that is pressed moves, however long a reading is', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&at=2025-11-07')
    const spots = () =>
      page.evaluate(`['#week', '[name=play]', '#step-on', '#speed'].map((one) => {
        const { x, y, width } = document.querySelector(one).getBoundingClientRect()
        return [x, y + scrollY, width].map(Math.round).join()
      })`)
    const before = await spots()
    const longest = 'Financials ex banks: improving, RS-Ratio 100.00, RS-Momentum 100.00, provisional, rank 16'
    await page.locator('#reading').evaluate((one, text) => Object.assign(one, { textContent: text }), longest)
    expect(await spots()).toEqual(before)
    await page.getByRole('button', { name: 'Play' }).click()
    await page.locator('.moving').waitFor()
    for (let week = 0; week < 4; week++) {
      expect(await spots()).toEqual(before)
      const astray = await page.evaluate(`[...document.querySelectorAll('.beside dt .quadrant')].flatMap((quarter) => {
        const [, quadrant] = quarter.classList
        return [...quarter.closest('div').querySelectorAll('.members a:not([hidden]) [data-star]')].filter(({ dataset }) =>
          !document.querySelector('.sector.' + quadrant + '[data-symbol="' + dataset.star + '"]')).map(({ dataset }) => dataset.star)
      })`)
      expect(astray).toEqual([])
      await page.waitForTimeout(400)
    }
    expect(await page.locator('.beside .members a:visible').count()).toBeGreaterThan(10)
  })

  test('a sector that is met in the lists beside it stands out on the map, and its values are read there', async () => {
    const { page } = await reader({ size })
    const chip = page.locator('.members a', { hasText: 'Pharma' })
    await (size === 'phone' ? chip.focus() : chip.hover())
    await page
      .locator('#reading')
      .filter({ hasText: /^Pharma: / })
      .waitFor()
    const opacities = () =>
      page.evaluate(`[...document.querySelectorAll('.chosen-from .sector:not(.prototype)')]
        .map((one) => [one.dataset.symbol === 'PHARMABEES', Number(getComputedStyle(one).opacity)].join()).sort()`)
    await until(async () => [...new Set((await opacities()) as string[])].join(' ') === 'false,0.2 true,1')
    if (size === 'phone') return
    await page.locator('.ranks tbody tr', { hasText: 'Banks' }).first().hover()
    await page.locator('.sector.met').waitFor()
    await page.locator('h1').hover()
    await page.locator('.sector.met').waitFor({ state: 'detached' })
  })

  test.each([true, false])('links lead one week back and forward, and keep the focus (script: %s)', async (script) => {
    const { page } = await reader({ size, script }, '/dashboard?view=map&at=2026-11-13')
    const back = page.getByRole('link', { name: 'One week back' })
    await back.press('Enter')
    await asOfIs(page, 'Sun, 8 Nov 2026')
    if (script) expect(await page.evaluate('document.activeElement.id')).toBe('step-back')
    const forward = page.getByRole('link', { name: 'One week forward' })
    for (const day of ['Fri, 13 Nov 2026', 'Thu, 19 Nov 2026']) {
      await forward.click()
      await asOfIs(page, day)
    }
    expect(await forward.getAttribute('aria-disabled')).toBe('true')
    if (script) expect(await page.evaluate('document.activeElement.id')).toBe('step-on')
    if (!script) return
    // Faster than pages come: each press counts.
    await back.press('Enter')
    await back.press('Enter')
    await forward.press('Enter')
    await back.press('Enter')
    await asOfIs(page, 'Sun, 8 Nov 2026')
    // The oldest week that can be played: the link itself leads on.
    await page.locator('#week').press('Home')
    await asOfIs(page, 'Fri, 3 Oct 2025')
    await back.click()
    await asOfIs(page, 'Fri, 26 Sep 2025')
  })

  test('it is played faster and anew when it ends; both choices outlive the page of another week', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&at=2026-11-13')
    const loop = page.getByLabel('Loop')
    const speed = page.getByLabel('Speed')
    await speed.selectOption('2×')
    await loop.press(' ')
    await page.locator('#step-back').click()
    await asOfIs(page, 'Sun, 8 Nov 2026')
    expect([await speed.inputValue(), await loop.isChecked()]).toEqual(['2', true])
    await page.getByRole('button', { name: 'Play' }).click()
    for (const day of ['Thu, 19 Nov 2026', '2025']) await dayIs(page, day)
    // Stepping ends it where it is.
    await page.locator('#step-back').click()
    await page.getByRole('button', { name: 'Play' }).waitFor()
    await page.locator('.as-of b', { hasText: '2025' }).waitFor()
    expect(await loop.isChecked()).toBe(true)
  })

  test('what is drawn while one steps is what the server draws of that week', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&at=2026-09-04&names=all')
    await page.locator('#week').focus()
    let moved: Awaited<ReturnType<typeof headsOf>> = {}
    const fetched = page.waitForResponse((response) => response.url().includes('at=2026-09-11'))
    await page.route('**/dashboard?*at=2026-09-11*', async (route) => {
      moved = await headsOf(page)
      await route.continue()
    })
    await page.keyboard.press('ArrowRight')
    await fetched
    await page.locator('.moving').waitFor({ state: 'detached' })
    const drawn = await headsOf(page)
    expect(Object.keys(moved).sort()).toEqual(Object.keys(drawn).sort())
    expect(Object.keys(drawn).length).toBeGreaterThan(12)
    for (const [symbol, [ratio, momentum]] of Object.entries(drawn)) {
      expect([symbol, moved[symbol]![0]]).toEqual([symbol, expect.closeTo(ratio, 2)])
      expect([symbol, moved[symbol]![1]]).toEqual([symbol, expect.closeTo(momentum, 2)])
    }
  })

  test('a dot says its day and values when it is met, and those of a chosen sector are reached by keyboard', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&focus=ITBEES&tail=4')
    const dots = page.locator('.sector.focus .dot')
    expect(await dots.count()).toBe(3)
    await dots.first().focus()
    const reading = page.locator('#reading')
    await reading.filter({ hasText: /^IT, Fri, 30 Oct 2026: RS-Ratio [\d.]+, RS-Momentum [\d.]+, \w+$/ }).waitFor()
    await page.keyboard.press('Tab')
    await reading.filter({ hasText: 'IT, Sun, 8 Nov 2026' }).waitFor()
    await (size === 'phone' ? dots.last().click({ force: true }) : dots.last().hover({ force: true }))
    await reading.filter({ hasText: 'IT, Fri, 13 Nov 2026' }).waitFor()
    await page.getByText('Its last 4 weeks', { exact: true }).click()
    expect(await page.locator('.tail-table tbody tr').count()).toBe(4)
  })

  test.each([true, false])('a quarter is shown alone and all names are shown (script: %s)', async (script) => {
    const { page } = await reader({ size, script })
    expect(await page.getByRole('button', { name: 'Play' }).isVisible()).toBe(script)
    await page.getByRole('link', { name: 'Improving: show this quarter alone' }).first().click()
    await page.getByRole('link', { name: 'Whole map', exact: true }).waitFor()
    expect(await page.locator('.chosen-from .zone').count()).toBe(1)
    const named = await page.locator('.point .name:visible').count()
    await page.getByRole('link', { name: 'Whole map', exact: true }).click()
    await page.locator('.chosen-from .zone').nth(3).waitFor()
    await page.getByRole('link', { name: 'All names' }).click()
    await page.getByRole('link', { name: 'Fewer names' }).waitFor()
    expect(await page.locator('.point .name:visible').count()).toBeGreaterThan(named)
  })

  test('the map is taken away as a picture and as data', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&at=2026-11-13&tail=8')
    const take = async (name: string) => {
      const waiting = page.waitForEvent('download')
      await page.getByRole('link', { name }).click()
      const download = await waiting
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
    }
    const picture = await take('Picture (PNG)')
    expect([picture.name, picture.bytes.subarray(1, 4).toString()]).toEqual([
      'rotation-map-2026-11-13-weekly-NIFTYBEES.png',
      'PNG',
    ])
    const data = await take('Data (CSV)')
    expect(data.name).toBe('rotation-map-2026-11-13-weekly-NIFTYBEES.csv')
    expect(data.bytes.toString()).toContain('2026-11-13,ITBEES,IT,')
  })

  test('nothing on it is too small to read or to press', async () => {
    const { page } = await reader({ size }, '/dashboard?view=map&names=all')
    const smallest = await page.evaluate(`(() => {
      const svg = document.querySelector('.chosen-from')
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
      const texts = [...svg.querySelectorAll('text')].filter((one) => one.checkVisibility())
      const centres = [...svg.querySelectorAll('.sector:not(.prototype) .point')].map((one) => one.getScreenCTM())
      const isAlone = ({ e, f }) => centres.filter((one) => Math.hypot(one.e - e, one.f - f) < 26).length === 1
      const pressed = [...svg.querySelectorAll('.reach, .press')].filter((one) => one.matches('.press') || isAlone(one.getScreenCTM()))
      return {
        text: Math.min(...texts.map((one) => parseFloat(getComputedStyle(one).fontSize) * scale)),
        press: Math.min(...pressed.flatMap((one) => { const { width, height } = one.getBoundingClientRect(); return [width, height] })),
      }
    })()`)
    expect(smallest).toEqual({ text: expect.any(Number), press: expect.any(Number) })
    const { text, press } = smallest as { text: number; press: number }
    expect([text >= 11, press >= 24, text, press]).toEqual([true, true, text, press])
  })
})

test('it fits and axe finds nothing, whole and a quarter of it, while it is stepped as well', async () => {
  const person = await reader({}, '/dashboard?view=map&zoom=leading&focus=FINIETF')
  const { page } = person
  for (const size of ['laptop', 'phone'] as Size[]) {
    await page.setViewportSize(sizes[size])
    await looksRightInBothSchemes(person, `map-quarter-${size}`)
  }
  await page.goto('/dashboard?view=map&at=2026-11-13')
  await page.locator('#week').focus()
  await page.keyboard.press('ArrowLeft')
  await page.locator('.moving').waitFor()
  await looksRightInBothSchemes(person, 'map-stepped-phone')
})

test('nothing plays by itself, and who asks for less motion sees weeks change without gliding', async () => {
  const { page } = await reader({})
  const glides = () =>
    page.evaluate(`(() => {
      document.querySelector('.chosen-from').classList.add('moving')
      return getComputedStyle(document.querySelector('.sector .point')).transitionDuration
    })()`)
  expect(await glides()).toBe('0s')
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  expect(await glides()).toBe('0.18s')
  await page.waitForTimeout(1_000)
  expect(await page.locator('#player output').textContent()).toBe('Thu, 19 Nov 2026')
  await page.getByRole('button', { name: 'Play' }).waitFor()
})

test('when the session has ended meanwhile, playing leads to the log-in', async () => {
  const { page } = await reader({})
  await scene.app.sql`delete from sessions`
  await page.getByRole('button', { name: 'Play' }).click()
  await page.waitForURL('**/login?next=*')
  await until(async () => (await page.title()).includes('Log in'))
})
