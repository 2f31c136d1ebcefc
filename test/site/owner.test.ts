import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { photoProblem } from '../../src/site/owner-photo.ts'
import { startApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

const folder = mkdtempSync(join(tmpdir(), 'owner-'))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, bytes: number) => {
  const path = join(folder, name)
  writeFileSync(path, Buffer.alloc(bytes, 7))
  return path
}

test('the front page shows who runs the site, with a photo that a browser may keep', async () => {
  const app = await startApp({
    OWNER_NAME: 'Devika <Rao>',
    OWNER_ABOUT: 'I have followed sector funds since 2009.',
    OWNER_PHOTO: fileOf('devika.JPG', 1_000),
    SELLER_ADDRESS: '12 MG Road, Pune 411001',
    SELLER_PHONE: '+91 98765 43210',
  })
  const visitor = new Visitor(app)
  const { body } = await visitor.get('/')
  for (const text of ['Devika &lt;Rao&gt;', 'since 2009', '12 MG Road, Pune 411001', 'tel:+919876543210'])
    expect(body).toContain(text)
  const photo = /src="(\/assets\/owner-photo\.[0-9a-f]{12}\.jpg)"/.exec(body)![1]!
  const answer = await visitor.get(photo)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
  expect(answer.headers.get('cache-control')).toContain('immutable')
  const terms = (await visitor.get('/terms')).body
  expect(terms).toMatch(/is run by Devika &lt;Rao&gt;, 12 MG Road, Pune 411001\. Write to/)
  expect((await visitor.get('/contact')).body).toContain('Run by')
  await app.close()
})

test('nobody is shown who is not named, and no sentence says that the product is run by itself', async () => {
  const app = await startApp({ OWNER_ABOUT: 'Nobody yet', OWNER_PHOTO: join(folder, 'nowhere.png') })
  const visitor = new Visitor(app)
  expect((await visitor.get('/')).body).not.toMatch(/Who runs it|Nobody yet|owner-photo/)
  for (const path of ['/terms', '/privacy']) {
    const { body } = await visitor.get(path)
    expect(body).not.toContain('run by D’s')
    expect(body).toContain('operator')
  }
  await app.close()
})

test('a photo that cannot be shown is named', () => {
  expect(photoProblem(fileOf('small.png', 10))).toBeNull()
  expect(photoProblem(fileOf('large.png', 600_000))).toBe('is larger than 500 kB')
  expect(photoProblem(join(folder, 'nowhere.png'))).toBe('cannot be read')
  expect(photoProblem(folder)).toBe('is no file')
})
