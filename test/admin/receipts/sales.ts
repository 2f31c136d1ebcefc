import { app } from '../panel.ts'

export type Seller = { gstin: string; stateCode: string }
type Buyer = { name?: string; state?: string; company?: { legalName: string; address: string; gstin: string | null } }
type Sale = { seller: Seller; buyer?: Buyer; paise?: number; discount?: number; credit?: number }

let sold = 0

/** The receipt of a paid order of the yearly plan, by this seller, to a consumer of Maharashtra where nothing else is said. Its number. */
export async function sell({ seller, buyer = {}, paise = 499_000, discount = 0, credit = 0 }: Sale): Promise<string> {
  const id = `sale_${++sold}`
  const paper = { name: 'Sector Tools LLP', address: '1 MG Road', email: 'help@example.in', sac: '997331', ...seller }
  const { name = 'Asha Rao', state = '27', company = null } = buyer
  await app.sql`
    insert into users (username, email, name, phone, state_code, password_hash)
    values (${id}, ${`${id}@example.in`}, ${name}, ${`+9198${String(sold).padStart(8, '0')}`}, ${state}, 'none')`
  await app.sql`
    insert into orders (id, user_id, plan_key, amount_paise, discount_paise, credit_paise, status, paid_at, expires_at, company)
    select ${id}, id, 'annual_v1', ${paise}, ${discount}, ${credit}, 'paid', now(), now(), ${company && app.sql.json(company)}
    from users where username = ${id}`
  await app.sql`insert into payments (cf_payment_id, order_id, status, method) values ('pay_' || ${id}, ${id}, 'SUCCESS', 'upi')`
  const [row] = await app.sql<{ number: string }[]>`
    select write_receipt(o, 'pay_' || o.id, ${app.sql.json(paper)}, buyer_of(o), null) as number from orders o where id = ${id}`
  return row!.number
}

/** The credit note of so much that went back of a receipt. Its number. */
export async function takeBack(receipt: string, paise: number): Promise<string> {
  const id = `back_${++sold}`
  await app.sql`
    insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, finished_at)
    select ${id}, order_id, cf_payment_id, user_id, ${paise}, 'asked', 'cashfree', 'succeeded', now() from receipts where number = ${receipt}`
  const [row] = await app.sql<
    { number: string }[]
  >`select issue_credit_note(r) as number from refunds r where id = ${id}`
  return row!.number
}

/** This month in India, "2026-11". */
export async function thisMonth(): Promise<string> {
  const [row] = await app.sql<
    { month: string }[]
  >`select to_char(now() at time zone 'Asia/Kolkata', 'YYYY-MM') as month`
  return row!.month
}
