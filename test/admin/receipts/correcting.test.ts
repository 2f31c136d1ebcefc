import { describe, expect, test } from 'vitest'
import { mailsTo } from '../../account/mailed.ts'
import { admin, app, payer, reader, usePanel } from '../panel.ts'

usePanel(['admin', 'reader'], { SELLER_GSTIN: '27AAPFU0939F1ZV', SELLER_NAME: 'Sector Tools LLP' })

const right = { company: 'Rao Traders Pvt Ltd', address: '12 Brigade Road, Bengaluru', gstin: '29AAPFU0939F1ZR' }

async function receiptOf(orderId: string) {
  const [row] = await app.sql<{ number: string }[]>`select valid_receipt_number(${orderId}) as number`
  return row!.number
}

const correct = (number: string, form: Record<string, string> = right) =>
  admin.visitor.post(`/admin/receipts/${number}/correction`, form)

const brokenPapers = () => app.sql`
  select broken_i6_receipts() as key union all select broken_i6_numbering() union all select broken_i6_mails()
  union all select broken_i6_credit_notes() union all select broken_i6_credit_note_parts()`

const figures = () => app.sql`
  select paid, gross_paise, refunds, refunded_paise from metrics_of_day((now() at time zone 'Asia/Kolkata')::date)`

describe('a receipt with the wrong buyer', () => {
  test('is taken back whole and replaced: new buyer, new tax, same money, and its mail', async () => {
    const person = await payer({ state: '27' })
    const old = await receiptOf(person.order.id)
    expect((await admin.visitor.get(`/receipts/${old}`)).body).toContain(`/admin/receipts/${old}/correction`)
    expect((await admin.visitor.get(`/admin/receipts/${old}/correction`)).body).toContain('Issue the corrected receipt')
    const answer = await correct(old)
    const newest = await receiptOf(person.order.id)
    expect([answer.status, answer.location]).toEqual([303, `/receipts/${newest}`])
    expect(newest).not.toBe(old)
    const [papers] = await app.sql`
      select old.amount_paise = n.amount_paise and old.taxable_paise = n.taxable_paise and old.cgst_paise = n.cgst_paise as taken_back,
             n.kind, n.number as note, later.amount_paise = old.amount_paise as same_money, later.cgst_paise, later.igst_paise > 0 as igst,
             (later.sold_from, later.sold_until, later.plan_title) = (old.sold_from, old.sold_until, old.plan_title) as as_sold
      from receipts later join receipts old on old.number = later.replaces join credit_notes n on n.receipt_number = old.number
      where later.number = ${newest}`
    expect(papers).toMatchObject({
      takenBack: true,
      kind: 'correction',
      sameMoney: true,
      cgstPaise: 0,
      igst: true,
      asSold: true,
    })
    const page = (await person.visitor.get(`/receipts/${newest}`)).body
    for (const text of [right.company, right.gstin, 'Karnataka', 'IGST', old, 'In place of'])
      expect(page).toContain(text)
    const note = (await person.visitor.get(`/credit-notes/${papers!.note}`)).body
    for (const text of ['Credit note', old, 'Maharashtra', 'CGST', '27AAPFU0939F1ZV']) expect(note).toContain(text)
    const pdf = await fetch(`${app.url}/credit-notes/${papers!.note}.pdf`, {
      headers: { cookie: [...person.visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf'])
    const account = (await person.visitor.get('/account')).body
    expect(account).toContain(`/credit-notes/${papers!.note}`)
    expect(account.match(/plan, bought/g), 'the period is one').toHaveLength(1)
    expect(await app.sql`select from mails where kind = 'receipt' and subject_key = ${newest}`).toHaveLength(1)
    await app.run('deliver-mails')
    expect(await app.sql`select from mails where subject_key = ${newest} and status = 'sent'`).toHaveLength(1)
    expect(
      await app.sql`select from audit where action = 'receipt.corrected' and order_id = ${person.order.id}`,
    ).toHaveLength(1)
    expect(await brokenPapers()).toEqual([])
  })

  test('is corrected once, however often and at once it is asked, and the older one never again', async () => {
    const person = await payer()
    const old = await receiptOf(person.order.id)
    const answers = await Promise.all(Array.from({ length: 8 }, () => correct(old)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
    const refused = await correct(old, { ...right, company: 'Another Name Ltd' })
    expect([refused.status, refused.body.includes('corrected already')]).toEqual([409, true])
    expect(await app.sql`select from receipts where order_id = ${person.order.id}`).toHaveLength(2)
    expect(await brokenPapers()).toEqual([])
  })

  test.each(['before', 'after', 'twice before'])(
    'goes out in one mail with both papers, corrected %s its own mail went out',
    async (when) => {
      const person = await payer()
      const mails = async () => (await mailsTo(app, person.form.email!, /R\d{4}-\d+/)).map(({ subject }) => subject)
      const old = await receiptOf(person.order.id)
      if (when === 'after') expect(await mails()).toHaveLength(1)
      await correct(old)
      const first = await receiptOf(person.order.id)
      if (when === 'twice before') await correct(first, { ...right, company: 'Rao Brothers LLP' })
      const newest = await receiptOf(person.order.id)
      await mails()
      const sent = await mails()
      expect(sent).toHaveLength(when === 'after' ? 2 : 1)
      const replaced = when === 'twice before' ? first : old
      expect(sent.at(-1)).toBe(`Corrected: tax invoice ${newest} in place of ${replaced}`)
      const [{ number: note }] = await app.sql<[{ number: string }]>`
        select number from credit_notes where receipt_number = ${replaced}`
      const mail = (await mailsTo(app, person.form.email!, /^Corrected/)).at(-1)!
      expect(mail.attachments.map(({ filename }) => filename)).toEqual([`${newest}.pdf`, `${note}.pdf`])
      expect(mail.text).toContain(
        `Credit note ${note}, which takes ${replaced} back: ${app.config.baseUrl}/credit-notes/${note}`,
      )
      expect(mail.text).toContain('Both are attached as PDF, too.')
      // Asked for again, the old one is not sent as if it still counted; the new one brings both once more.
      const again = (number: string) => admin.visitor.get(`/admin/subscribers/${person.id}/receipt?number=${number}`)
      expect((await again(old)).body).toContain('This receipt was corrected. Please send')
      expect((await again(newest)).body).toContain('Send it again')
    },
  )

  test('is refunded afterwards on the receipt that counts, and counts once in the figures', async () => {
    const person = await payer()
    const before = await figures()
    await correct(await receiptOf(person.order.id))
    const newest = await receiptOf(person.order.id)
    expect(await figures()).toEqual(before)
    await app.sql`
      insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, finished_at)
      select 'rf_' || cf_payment_id, order_id, cf_payment_id, ${person.id}, 10000, 'asked', 'cashfree', 'succeeded', now()
      from payments where order_id = ${person.order.id}`
    await app.sql`select issue_credit_note(r) from refunds r where order_id = ${person.order.id}`
    const [note] =
      await app.sql`select receipt_number, buyer ->> 'gstin' as gstin from credit_notes where refund_id like 'rf_%'`
    expect(note).toEqual({ receiptNumber: newest, gstin: right.gstin })
    const refused = await correct(newest, { ...right, company: 'Another Name Ltd' })
    expect([refused.status, refused.body.includes('went back already')]).toEqual([409, true])
  })

  test('with a GSTIN that is none is asked for again, keeping what was typed; who only looks may not', async () => {
    const person = await payer()
    const old = await receiptOf(person.order.id)
    const refused = await correct(old, { ...right, gstin: '29AAPFU0939F1ZZ' })
    expect([refused.status, refused.body.includes(right.company)]).toEqual([422, true])
    expect((await reader.visitor.post(`/admin/receipts/${old}/correction`, right)).status).toBe(403)
    expect((await person.visitor.post(`/admin/receipts/${old}/correction`, right)).status).toBe(404)
    expect(await receiptOf(person.order.id)).toBe(old)
  })
})
