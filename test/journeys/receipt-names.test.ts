import { beforeAll, describe, expect, test } from 'vitest'
import { overflowOf, screenshot, takeOver } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { openScene } from './scene.ts'

const scene = openScene()

let buyer: Visitor
let number: string
beforeAll(async () => {
  buyer = new Visitor(scene.app)
  const { id } = await newestOrder(scene.app, (await buyer.register()).email!)
  scene.app.sandbox.control.pay(id)
  await buyer.get(`/payment/return?order_id=${id}`)
  number = (await scene.app.sql<{ number: string }[]>`select number from receipts`)[0]!.number
})

describe.each([['phone'], ['laptop']] as const)('the page of a receipt on a %s', (size) => {
  test.each([
    ['ഗുരുവായൂരപ്പൻ'.repeat(14)],
    ['x'.repeat(200)],
    ['Sri Venkata Raghava '.repeat(10)],
    ['محمد علی خان (Khan 42)'],
    ['a\u0301\u0301\u0301 👩‍👩‍👧‍👦 李小龙'],
  ])('is as wide as the screen with the name %s', async (name) => {
    await scene.app.sql`update receipts set buyer = jsonb_set(buyer, '{name}', to_jsonb(${name}::text))`
    const person = await scene.arrive({ size })
    await takeOver(person, buyer)
    await person.page.goto(`/receipts/${number}`)
    expect(await overflowOf(person.page)).toBe(0)
    await screenshot(person.page, `receipt-named-${name.codePointAt(0)}-${size}`)
  })
})
