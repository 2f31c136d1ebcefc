import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { pauseOf } from './queue.ts'

let app: TestApp
const sockets: Socket[] = []
const silent = createServer((socket) => sockets.push(socket))
beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  app = await startApp({ SMTP_PORT: String((silent.address() as AddressInfo).port) })
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  silent.close()
  await app.close()
})

test('a mail server that never greets is given up on in seconds, and payments do not notice', {
  timeout: 60_000,
}, async () => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const began = Date.now()
  const delivering = app.run('deliver-mails')
  expect((await visitor.get('/dashboard')).status).toBe(200)
  expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  await delivering
  expect(Date.now() - began).toBeLessThan(20_000)
  const [mail] = await app.sql<
    { status: string; attempts: number }[]
  >`select status, attempts from mails where to_email = ${form.email!} and kind = 'receipt'`
  expect(mail).toMatchObject({ status: 'queued', attempts: 0 })
  expect(await pauseOf(app)).toMatchObject({ isOn: true, reason: 'Greeting never received' })
})
