import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Admin, adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import {
  axeFindings,
  type Browsing,
  markupFlaws,
  openBrowser,
  overflowOf,
  type Person,
  type PersonOptions,
  rulesFor,
  type Scheme,
  type Size,
  screenshot,
  sizes,
  takeOver,
} from '../support/browser.ts'

/** What a file of journeys has in hand: the product, and people who arrive at it. */
export type Scene<App extends TestApp = TestApp> = {
  app: App
  /** Someone arrives with a fresh browser; they leave, having met no problem, when the test ends. */
  arrive: (options?: PersonOptions) => Promise<Person>
  /** An administrator arrives, signed in; `fresh`: password and code were given a moment ago, so that nothing asks again. */
  arriveAsAdmin: (options?: PersonOptions, fresh?: boolean) => Promise<Person & { admin: Admin }>
}

/** Sets up a file of journeys. Every journey ends by expecting that nobody met a problem. */
export function openScene(env: Record<string, string> = {}): Scene {
  return sceneOf(() => startApp(env))
}

/** The same, of the product as it is started here. */
export function sceneOf<App extends TestApp>(start: () => Promise<App>): Scene<App> {
  let browsing: Browsing
  let people: Person[] = []
  const scene = {
    arrive: async (options?: PersonOptions) => {
      const person = await browsing.person(options)
      people.push(person)
      return person
    },
    arriveAsAdmin: async (options?: PersonOptions, fresh = true) => {
      const person = await scene.arrive(options)
      const admin = await adminOf(scene.app, 'admin', fresh)
      await takeOver(person, admin.visitor)
      return { ...person, admin }
    },
  } as Scene<App>

  beforeAll(async () => {
    scene.app = await start()
    browsing = openBrowser(scene.app)
  })
  afterEach(async () => {
    const leaving = people
    people = []
    scene.app.sandbox.control.clearFaults()
    scene.app.sandbox.control.webhooks({ paused: false })
    for (const person of leaving) await person.close()
    expect(leaving.flatMap((person) => person.problems)).toEqual([])
  })
  afterAll(async () => {
    await browsing?.close()
    await scene.app?.close()
  })
  return scene
}

/** The page as it is fits its window and is sound to axe and in its markup; pictured under this name. */
export async function looksRight(
  { page }: Pick<Person, 'page'>,
  name: string,
  scheme: Scheme = 'light',
): Promise<void> {
  expect([name, await overflowOf(page)]).toEqual([name, 0])
  expect([name, await axeFindings(page, rulesFor(scheme))]).toEqual([name, []])
  expect([name, await markupFlaws(page)]).toEqual([name, []])
  await screenshot(page, name)
}

/** The same in light and dark, which differ in colours alone, and whatever `also` expects there. */
export async function looksRightInBothSchemes(
  { page }: Pick<Person, 'page'>,
  name: string,
  also: (where: string) => Promise<void> = async () => {},
): Promise<void> {
  for (const scheme of ['light', 'dark'] as Scheme[]) {
    await page.emulateMedia({ colorScheme: scheme })
    await looksRight({ page }, `${name}-${scheme}`, scheme)
    await also(`${name}-${scheme}`)
  }
}

/** The same on laptop and phone, in light and dark; and the page has one heading. */
export async function looksRightEverywhere({ page }: Pick<Person, 'page'>, name: string): Promise<void> {
  for (const size of ['laptop', 'phone'] as Size[]) {
    await page.setViewportSize(sizes[size])
    await looksRightInBothSchemes({ page }, `${name}-${size}`, async (where) =>
      expect([where, await page.locator('h1:visible').count()]).toEqual([where, 1]),
    )
  }
}
