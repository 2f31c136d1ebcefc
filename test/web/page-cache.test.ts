import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { pageCache } from '../../src/web/page-cache.ts'
import { until } from '../support/until.ts'

test('while a page cannot be rendered its last version is sent, else that of the page that does as well, else nothing', async () => {
  let isAway = false
  const sendOnce = pageCache(0)
  const app = Fastify()
  app.get<{ Querystring: { from: string; alike: string } }>('/', (request, reply) => {
    const { from, alike } = request.query
    const html = async () => {
      if (isAway) throw new Error('the database is away')
      return `<p>${from}</p>`
    }
    return sendOnce(request, reply, from, html, alike)
  })
  const open = async (from: string, alike = 'direct') => {
    const { statusCode, body } = await app.inject({ url: '/', query: { from, alike } })
    return statusCode === 200 ? body : statusCode
  }
  expect(await open('direct')).toBe('<p>direct</p>')
  expect(await open('known')).toBe('<p>known</p>')
  isAway = true
  expect(await open('known')).toBe('<p>known</p>')
  expect(await open('new')).toBe('<p>direct</p>')
  expect(await open('other', 'unknown')).toBe(500)
  isAway = false
  await until(async () => (await open('new')) === '<p>new</p>')
  await app.close()
})
