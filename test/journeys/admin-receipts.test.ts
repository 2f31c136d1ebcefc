import { describe, expect, test } from 'vitest'
import { takeOver } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene({
  SELLER_GSTIN: '27AAPFU0939F1ZV',
  SELLER_NAME: 'Sector Tools LLP',
  SELLER_ADDRESS: '1 MG Road, Pune',
})

describe.for([
  ['phone', 'light'],
  ['laptop', 'light'],
  ['phone', 'dark'],
  ['laptop', 'dark'],
] as const)('receipts on a %s, %s', ([size, scheme]) => {
  test('from the month to a corrected invoice, its credit note, and what the buyer sees', async () => {
    const name = `${size}-${scheme}`
    const buyer = new Visitor(scene.app)
    const order = await newestOrder(scene.app, (await buyer.register({ name: 'Asha Rao', plan: 'annual' })).email!)
    scene.app.sandbox.control.pay(order.id)
    await buyer.get(`/payment/return?order_id=${order.id}`)
    const [receipt] = await scene.app.sql<
      { number: string }[]
    >`select number from receipts where order_id = ${order.id}`

    const admin = await scene.arriveAsAdmin({ size, scheme })
    const { page } = admin
    await page.goto('/admin/receipts')
    await page.getByText('Revenue by state').click()
    await looksRight(admin, `receipts-month-${name}`, scheme)
    await page.getByRole('link', { name: receipt!.number }).first().click()
    await looksRight(admin, `receipts-invoice-${name}`, scheme)
    await page.getByRole('link', { name: 'Correct the buyer' }).click()
    await page.getByLabel('Company’s legal name').fill('Rao Traders Private Limited')
    await page.getByLabel('Company’s address').fill('12 Brigade Road\nBengaluru 560001')
    await page.getByLabel('GSTIN').fill('29AAPFU0939F1ZR')
    await looksRight(admin, `receipts-correction-${name}`, scheme)
    await page.getByRole('button', { name: 'Issue the corrected receipt' }).click()
    await page.getByText('and is mailed to its buyer').waitFor()
    await looksRight(admin, `receipts-corrected-${name}`, scheme)
    const download = page.waitForEvent('download')
    await page.goto('/admin/receipts')
    await page.getByRole('link', { name: 'GSTR-1 files' }).click()
    expect((await download).suggestedFilename()).toMatch(/^gstr1-\d{4}-\d\d\.zip$/)

    const person = await scene.arrive({ size, scheme })
    await takeOver(person, buyer)
    await person.page.goto('/account#receipts')
    await looksRight(person, `receipts-account-${name}`, scheme)
    await person.page.getByRole('link', { name: /^C\d{4}-\d{6}$/ }).click()
    await person.page.getByRole('heading', { name: 'Credit note' }).waitFor()
    await looksRight(person, `receipts-credit-note-${name}`, scheme)
  })
})
