import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('the millionth receipt of a year, and the one after it, have numbers of their own', async () => {
  await app.sql`insert into receipt_series select financial_year_of(now()), 999998`
  const numbers: string[] = []
  for (let i = 0; i < 3; i++) {
    const visitor = new Visitor(app)
    const { id } = await newestOrder(app, (await visitor.register()).email!)
    app.sandbox.control.pay(id)
    await visitor.get(`/payment/return?order_id=${id}`)
    const [receipt] = await app.sql<{ number: string }[]>`select number from receipts where order_id = ${id}`
    numbers.push(receipt!.number.slice(6))
  }
  expect(numbers).toEqual(['999999', '1000000', '1000001'])
  const wrong = (await checkInvariants(app.sql)).checks.filter((check) => check.wrong > 0)
  // The 999,998 before them were never written here, and that is the one thing noticed.
  expect(wrong.map(({ broken }) => broken)).toEqual(['broken_i6_numbering'])
})
