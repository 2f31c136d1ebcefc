import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { registrant } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const gstin = '27AAPFU0939F1ZV'
const traders = {
  company: 'Rao  Traders LLP',
  address: '12 FC Road,\r\n Shivajinagar,\r\nPune 411005',
  gstin: '27 aapfu0939f1zv',
}
const kept = async (userId: string) =>
  (await app.sql`select legal_name, address, gstin from billing_details where user_id = ${userId}`)[0]

test('a company’s details are kept in their written form; the audit says which changed and holds none of them', async () => {
  const { visitor, userId } = await registrant(app)
  const answer = await visitor.post('/account/company', traders)
  expect([answer.status, answer.location]).toEqual([303, '/account/company'])
  const page = (await visitor.get('/account/company')).body
  for (const text of ['Your company’s details are saved.', 'Rao Traders LLP', gstin, 'no input credit to claim'])
    expect([text, page.includes(text)]).toEqual([text, true])
  expect(await kept(userId)).toEqual({
    legalName: 'Rao Traders LLP',
    address: '12 FC Road, Shivajinagar, Pune 411005',
    gstin,
  })
  await visitor.post('/account/company', traders)
  const notes = await app.sql`select details from audit where user_id = ${userId} and action = 'company.changed'`
  expect(notes).toEqual([{ details: { changed: { legalName: true, address: true, gstin: true } } }])
  expect((await visitor.get('/account/data.json')).body).toContain(gstin)

  await visitor.post('/account/company', { company: ' ', address: '', gstin: '' })
  expect(await kept(userId)).toBeUndefined()
})

test('a legal name alone will do, and an address with it', async () => {
  const { visitor, userId } = await registrant(app)
  await visitor.post('/account/company', { company: 'Rao Traders' })
  expect(await kept(userId)).toEqual({ legalName: 'Rao Traders', address: '', gstin: null })
  await visitor.post('/account/company', { company: 'Rao Traders', address: 'Pune' })
  expect(await kept(userId)).toEqual({ legalName: 'Rao Traders', address: 'Pune', gstin: null })
})

test.each([
  ['a GSTIN without a legal name', { gstin }, 'A GSTIN belongs to a company'],
  ['an address without a legal name', { address: 'Pune' }, 'An address goes with a company'],
  ['a check character that does not fit', { company: 'Rao', gstin: '27AAPFU0939F1ZA' }, 'does not match the rest'],
  ['a state that does not exist', { company: 'Rao', gstin: '99AAPFU0939F1ZV' }, 'code of a state'],
  ['a GSTIN that is too short', { company: 'Rao', gstin: '27AAPFU' }, 'has 15 characters'],
  ['markup', { company: 'Rao <b>' }, 'ordinary punctuation'],
  ['a name of dots', { company: '...' }, 'at least one letter'],
  ['an endless address', { company: 'Rao', address: 'Pune '.repeat(100) }, 'to 300 characters'],
])(
  '%s is refused with a sentence at its field, what was typed stays, and nothing is kept',
  async (_what, form, text) => {
    const { visitor, userId } = await registrant(app)
    const answer = await visitor.post('/account/company', form as Record<string, string>)
    expect(answer.status).toBe(422)
    expect(answer.body).toContain(text)
    expect(await kept(userId)).toBeUndefined()
  },
)

test('nobody else’s details are shown, and a visitor is sent to log in', async () => {
  const { visitor } = await registrant(app)
  await visitor.post('/account/company', traders)
  const other = await registrant(app)
  expect((await other.visitor.get('/account/company')).body).not.toContain('Rao Traders')
  expect((await new Visitor(app).post('/account/company', traders)).location).toContain('/login')
})
