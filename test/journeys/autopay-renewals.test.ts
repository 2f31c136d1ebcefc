import { describe, expect, test } from 'vitest'
import { expectInvariants } from '../billing/mandates/fixture.ts'
import { type Size, sizes } from '../support/browser.ts'
import {
  accountsOf,
  arriveOnAutopay,
  comeBack,
  goTo,
  mailed,
  mails,
  newestDebit,
  onePeriodEach,
  openCalendarScene,
} from './autopay-steps.ts'
import { looksRightInBothSchemes } from './scene.ts'

const scene = openCalendarScene()

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('three periods are renewed, each announced before and receipted after; the second when there is money again', async () => {
    const person = await arriveOnAutopay(scene, size)
    const { page, app, subscriptionId } = person

    await goTo(person, -3, '09:05')
    const [notice] = await mailed(person, mails.notice)
    expect(notice!.text).toContain('Amount: ₹499')
    expect(notice!.text).toContain(`stop Autopay in your account: ${app.url}/account/autopay`)
    await comeBack(person)
    await page.getByText('Autopay renews with ₹499 for the monthly plan').waitFor()
    await newestDebit(person, 'Announced to your bank').waitFor()
    await looksRightInBothSchemes(person, `autopay-announced-${size}`)
    await goTo(person, 0, '23:00')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900, 49_900))
    await page.reload()
    await newestDebit(person, 'Paid').waitFor()

    app.sandbox.control.script(subscriptionId, { debits: 'low-balance', times: 4 })
    await goTo(person, -3, '09:05')
    await goTo(person, 0, '23:50')
    await comeBack(person)
    await newestDebit(person, 'Not through yet').waitFor()
    await goTo(person, 1, '00:45')
    const [failed] = await mailed(person, mails.failed)
    expect(failed!.text).toContain('not enough money')
    expect(failed!.text).toMatch(/We’ll try once more on .* Please keep the amount in your bank account that day/)
    await page.reload()
    await newestDebit(person, 'Did not go through').waitFor()
    await page.getByText('Autopay renews with ₹499 for the monthly plan').waitFor()
    await looksRightInBothSchemes(person, `autopay-low-balance-${size}`)
    await comeBack(person, '/account')
    await page.getByText(/Your paid period has ended\. Autopay renews it with ₹499 on/).waitFor()
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900, 49_900))
    await goTo(person, 1, '09:10')
    await comeBack(person)
    await newestDebit(person, 'Announced to your bank').waitFor()
    await goTo(person, 2, '23:00')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900, 49_900, 49_900))

    await goTo(person, -3, '09:05')
    await goTo(person, 0, '23:00')
    expect(await accountsOf(person)).toMatchObject(onePeriodEach(49_900, 49_900, 49_900, 49_900))
    await comeBack(person)
    expect(await page.locator('table.data tbody tr').allTextContents()).toEqual([
      expect.stringContaining('Paid'),
      expect.stringContaining('Paid'),
      expect.stringContaining('Did not go through'),
      expect.stringContaining('Paid'),
    ])
    await looksRightInBothSchemes(person, `autopay-renewed-${size}`)

    const counts: Record<string, number> = {}
    for (const [kind, subject] of Object.entries(mails)) counts[kind] = (await mailed(person, subject)).length
    expect(counts).toEqual({ started: 1, notice: 4, failed: 1, ended: 0, receipt: 4, reminder: 0 })
    await comeBack(person, '/account')
    expect(await page.locator('#receipts tbody tr').count()).toBe(4)
    await page.locator('#receipts tbody a').first().click()
    await page.getByRole('link', { name: 'Download PDF' }).waitFor()
    expect(await page.locator('main').textContent()).toContain('₹499')
    await looksRightInBothSchemes(person, `autopay-receipt-${size}`)
  })
})

test('and all books agree', () => expectInvariants(scene.app))
