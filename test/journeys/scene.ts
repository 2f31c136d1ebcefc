import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { type Browsing, openBrowser, type Person, type PersonOptions } from '../support/browser.ts'

/** What a file of journeys has in hand: the product, and people who arrive at it. */
export type Scene = {
  app: TestApp
  /** Someone arrives with a fresh browser; they leave, having met no problem, when the test ends. */
  arrive: (options?: PersonOptions) => Promise<Person>
}

/** Sets up a file of journeys. Every journey ends by expecting that nobody met a problem. */
export function openScene(env: Record<string, string> = {}): Scene {
  let browsing: Browsing
  let people: Person[] = []
  const scene = {
    arrive: async (options?: PersonOptions) => {
      const person = await browsing.person(options)
      people.push(person)
      return person
    },
  } as Scene

  beforeAll(async () => {
    scene.app = await startApp(env)
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
