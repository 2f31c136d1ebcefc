import { expect, test } from 'vitest'
import { app, reader, usePanel } from '../panel.ts'

usePanel(['reader'], { CHECKOUT_REQUIRES_PRICES: 'true' })

const needs = async () => {
  const { body } = await reader.visitor.get('/admin')
  return body.slice(body.indexOf('id="needs"'), body.indexOf('</section>', body.indexOf('id="needs"')))
}

const priced = (origin: 'sample' | 'upload', daysAgo: number) => app.sql`
  with import as (
    insert into imports (status, origin, created_by, committed_at) values ('committed', ${origin}, 'test', now())
    returning id
  )
  insert into prices (import_id, symbol, day, close, basis, file, line)
  select import.id, 'NIFTYBEES', (now() at time zone 'Asia/Kolkata')::date - ${daysAgo}::int, 100, 'traded', 0, 1
  from import`

test('the panel’s first page says first of all that nobody can subscribe, and why, until prices are there', async () => {
  expect(await needs()).toContain('<a href="/admin/market"><b>Checkout is closed: no prices</b></a>')
  expect(await needs()).toContain('Prices are missing, so nobody can subscribe.')
  await priced('sample', 1)
  expect(await needs()).toContain('Prices are an invented sample, so nobody can subscribe.')
  await app.sql`delete from imports`
  await priced('upload', 30)
  const old = await needs()
  expect(old).toMatch(/Prices go up to \w+, \d+ \w+ \d{4}, \d+ trading days behind, so nobody can subscribe\./)
  expect(old).not.toContain('Prices are old')
  await priced('upload', 0)
  expect(await needs()).not.toContain('Checkout is closed')
})
