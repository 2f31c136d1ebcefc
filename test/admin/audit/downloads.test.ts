import { expect, test } from 'vitest'
import { admin, app, payer, reader, usePanel } from '../panel.ts'

usePanel()

const downloads = () =>
  app.sql<{ action: string; actor: string; userId: string | null; details: object; address: string | null }[]>`
    select action, actor, user_id, details, origin ->> 'address' as address from audit
    where action in ('export.downloaded', 'paper.downloaded') order by id`

test('who takes an export is on record: which file, narrowed by what, and no name that was searched for', async () => {
  await payer()
  const { visitor, id } = reader
  const month = new Date(Date.now() + 330 * 60_000).toISOString().slice(0, 7)
  for (const path of [
    '/admin/subscribers.csv?status=active&q=asha.rao',
    '/admin/mails.csv?to=asha@example.in',
    '/admin/orders.csv?from=2026-01-01&to=2026-01-31',
    `/admin/receipts/gstr1.zip?month=${month}`,
    `/admin/receipts/tally.csv?month=${month}`,
  ])
    expect((await visitor.get(path)).status).toBe(200)
  await visitor.get('/admin/subscribers?q=asha.rao') // a page is no file
  const entries = await downloads()
  expect(entries.map(({ details }) => details)).toEqual([
    { file: 'subscribers.csv', status: 'active', q: '(searched)' },
    { file: 'mails.csv', to: '(searched)' },
    { file: 'orders.csv', from: '2026-01-01', to: '2026-01-31' },
    { file: 'receipts/gstr1.zip', month },
    { file: 'receipts/tally.csv', month },
  ])
  for (const entry of entries)
    expect(entry).toMatchObject({ action: 'export.downloaded', actor: `user:${id}`, address: expect.any(String) })
  const page = (await visitor.get('/admin/audit?action=export.downloaded')).body
  for (const words of ['Export downloaded', 'File receipts/gstr1.zip', `Month ${month}`]) expect(page).toContain(words)
})

test('an administrator’s PDF of somebody’s paper is on record with the person; the buyer’s own is not', async () => {
  const person = await payer()
  const [row] = await app.sql<{ number: string }[]>`select number from receipts where order_id = ${person.order.id}`
  const path = `/receipts/${row!.number}.pdf`
  const before = (await downloads()).length
  expect((await person.visitor.get(path)).status).toBe(200)
  expect(await downloads()).toHaveLength(before)
  expect((await admin.visitor.get(path)).status).toBe(200)
  expect((await downloads()).slice(before)).toMatchObject([
    { action: 'paper.downloaded', actor: `user:${admin.id}`, userId: person.id, details: { paper: row!.number } },
  ])
  expect((await admin.visitor.get(`/admin/subscribers/${person.id}`)).body).toContain(
    'Receipt or credit note downloaded by an administrator',
  )
})

test('a file that somebody may not have is not on record as taken', async () => {
  const person = await payer()
  const before = (await downloads()).length
  expect((await person.visitor.get('/admin/subscribers.csv')).status).toBe(404)
  expect((await person.visitor.get('/admin/receipts/gstr1.zip')).status).toBe(404)
  expect(await downloads()).toHaveLength(before)
})
