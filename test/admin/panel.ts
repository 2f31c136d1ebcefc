import { afterAll, beforeAll } from 'vitest'
import { type Admin, adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'

/** The app of a test file that calls `usePanel`, and the administrators it asked for, signed in; from its `beforeAll` on. */
export let app: TestApp
/** May change things. */
export let admin: Admin
/** May change things as well. */
export let other: Admin
/** Only looks. */
export let reader: Admin

type Name = 'admin' | 'other' | 'reader'

/** Starts the app before the tests of a file, with these administrators signed in, and closes it after them. */
export function usePanel(names: readonly Name[] = ['admin', 'reader'], env: Record<string, string> = {}): void {
  beforeAll(async () => {
    app = await startApp(env)
    if (names.includes('admin')) admin = await adminOf(app)
    if (names.includes('other')) other = await adminOf(app)
    if (names.includes('reader')) reader = await adminOf(app, 'admin-read')
  })
  afterAll(() => app.close())
}

/** Somebody with a new account and an open order that nobody has paid. */
export async function customer(changes: Record<string, string> = {}) {
  const visitor = new Visitor(app)
  const form = await visitor.register(changes)
  const order = await newestOrder(app, form.email!)
  return { visitor, form, email: form.email!, order, id: order.userId }
}

/** Somebody who paid their first order, and came back. */
export async function payer(changes: Record<string, string> = {}) {
  const person = await customer(changes)
  app.sandbox.control.pay(person.order.id)
  await person.visitor.get(`/payment/return?order_id=${person.order.id}`)
  return person
}
