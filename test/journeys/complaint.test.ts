import { describe, expect, test } from 'vitest'
import { type Size, sizes } from '../support/browser.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'
import { register } from './steps.ts'

const scene = openScene({
  GRIEVANCE_OFFICER_NAME: 'Nandini Rao',
  GRIEVANCE_OFFICER_DESIGNATION: 'Grievance officer',
  GRIEVANCE_OFFICER_PHONE: '+91 22 4000 0000',
})

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('somebody complains from the contact page, and reads the answer', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    await register(person)
    await page.goto('/contact')
    await looksRightInBothSchemes(person, `contact-${size}`)
    await page.getByRole('link', { name: 'Make a complaint' }).click()
    await page.getByLabel('Order or receipt number').fill('R2627-000001')
    await page.getByLabel('What went wrong').fill('I was charged twice on the same evening and got one receipt.')
    await page.getByRole('button', { name: 'Send complaint' }).click()
    await page.getByText('Your complaint has the number G-').waitFor()
    await looksRightInBothSchemes(person, `complaint-${size}`)
    const number = (await page
      .getByText(/^G-\d{6}$/)
      .first()
      .textContent())!

    const staff = await scene.arriveAsAdmin({ size })
    await staff.page.goto('/admin/complaints')
    await looksRightInBothSchemes(staff, `admin-complaints-${size}`)
    await staff.page.getByRole('link', { name: number, exact: true }).click()
    await looksRightInBothSchemes(staff, `admin-complaint-${size}`)
    await staff.page.getByRole('textbox', { name: 'Answer' }).fill('Sorry. The second payment is on its way back.')
    await staff.page.getByRole('button', { name: 'Send answer' }).click()
    await staff.page.getByText(`${number} is answered`).waitFor()
    await page.reload()
    await page.getByText('The second payment is on its way back.').waitFor()
  })

  test('somebody withdraws their consent, and gives it again', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    await register(person)
    await page.goto('/account/privacy')
    await looksRightInBothSchemes(person, `account-privacy-${size}`)
    await page.getByRole('button', { name: 'Withdraw consent' }).click()
    await page.getByText('Your consent is withdrawn.').waitFor()
    await looksRightInBothSchemes(person, `account-privacy-withdrawn-${size}`)
    await page.getByRole('button', { name: 'Give consent again' }).click()
    expect(await page.getByRole('button', { name: 'Withdraw consent' }).count()).toBe(1)
  })
})
