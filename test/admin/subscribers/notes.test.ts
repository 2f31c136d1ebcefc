import { expect, test } from 'vitest'
import { deletionForm } from '../../account/people.ts'
import { admin, app, customer, other, reader, usePanel } from '../panel.ts'

usePanel(['admin', 'other', 'reader'])

const pageOf = async (id: string, by = admin) => (await by.visitor.get(`/admin/subscribers/${id}`)).body
const keyOn = (body: string) => /name="key" value="([^"]+)"/.exec(body)![1]!
const write = async (id: string, text: string, key?: string) =>
  admin.visitor.post(`/admin/subscribers/${id}/notes`, { text, key: key ?? keyOn(await pageOf(id)) })
const notesOf = (id: string) =>
  app.sql<{ id: string; text: string }[]>`select id, text from person_notes where user_id = ${id} order by written_at`

test('a note says who wrote it and when, to every administrator, as text', async () => {
  const { id } = await customer()
  expect(await write(id, ' Paid twice in May <b>\r\nprefers mail ')).toMatchObject({
    status: 303,
    location: `/admin/subscribers/${id}#notes`,
  })
  for (const by of [admin, other, reader]) {
    const body = await pageOf(id, by)
    expect(body).toContain('Paid twice in May &lt;b&gt;\nprefers mail')
    expect(body).toContain(`${admin.form.username}, <time`)
  }
  const audit = await app.sql`select action, actor, details from audit where user_id = ${id} and action like 'note.%'`
  expect(audit).toMatchObject([{ action: 'note.written', actor: `user:${admin.id}` }])
  expect(JSON.stringify(audit)).not.toContain('twice')
})

test('sent twice it is one note; removed twice it is gone once', async () => {
  const { id } = await customer()
  const key = keyOn(await pageOf(id))
  const answers = await Promise.all([write(id, 'Called', key), write(id, 'Called', key)])
  expect(answers.map(({ status }) => status)).toEqual([303, 303])
  const [note] = await notesOf(id)
  expect(await notesOf(id)).toHaveLength(1)
  const { id: somebodyElse } = await customer()
  await other.visitor.post(`/admin/subscribers/${somebodyElse}/notes/${note!.id}/removal`)
  expect(await notesOf(id)).toHaveLength(1)
  for (let i = 0; i < 2; i++)
    expect((await other.visitor.post(`/admin/subscribers/${id}/notes/${note!.id}/removal`)).status).toBe(303)
  expect(await notesOf(id)).toHaveLength(0)
  expect(await app.sql`select from audit where user_id = ${id} and action = 'note.removed'`).toHaveLength(1)
})

test('an empty note, one that is too long and one without its key are refused; what was typed stays', async () => {
  const { id } = await customer()
  const empty = await write(id, ' \n ')
  expect([empty.status, empty.body.includes('Write the note first.')]).toEqual([422, true])
  const long = await write(id, 'ä'.repeat(2_001))
  expect(long.status).toBe(422)
  expect(long.body).toContain('At most 2,000 characters.')
  expect(long.body).toContain('ä'.repeat(2_001))
  expect((await write(id, 'Called', 'no key')).status).toBe(409)
  expect((await write(id, 'x'.repeat(2_000))).status).toBe(303)
  expect(await notesOf(id)).toHaveLength(1)
})

test('who may only look writes and removes nothing; nor does anybody about an account that is not there', async () => {
  const { id } = await customer()
  await write(id, 'Called')
  const [note] = await notesOf(id)
  expect(await pageOf(id, reader)).not.toContain('Save note')
  expect(await pageOf(id, reader)).not.toContain('/removal')
  const refused = [
    await reader.visitor.post(`/admin/subscribers/${id}/notes`, { text: 'x', key: note!.id }),
    await reader.visitor.post(`/admin/subscribers/${id}/notes/${note!.id}/removal`),
  ]
  expect(refused.map(({ status }) => status)).toEqual([403, 403])
  expect((await admin.visitor.post(`/admin/subscribers/${id}/notes/junk/removal`)).status).toBe(404)
  expect(await notesOf(id)).toHaveLength(1)
  const nobody = '00000000-0000-4000-8000-000000000000'
  expect((await admin.visitor.post(`/admin/subscribers/${nobody}/notes`, { text: 'x', key: nobody })).status).toBe(404)
})

test('the person finds it in the copy of their data, without its author; it goes with the account', async () => {
  const { id, visitor, form } = await customer()
  await write(id, 'Asked for a call back')
  const copy = (await visitor.get('/account/data.json')).json() as { notes: object[] }
  expect(copy.notes).toEqual([{ writtenAt: expect.any(String), text: 'Asked for a call back' }])
  expect((await visitor.post('/account/delete', await deletionForm(visitor, form.username!))).status).toBe(303)
  expect(await notesOf(id)).toEqual([])
  expect((await write(id, 'Too late', '0192b1a4-0000-4000-8000-00000000dead')).status).toBe(404)
})
