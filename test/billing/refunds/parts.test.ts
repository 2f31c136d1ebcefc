import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
/** A connection that begins and rolls back by hand, so that one sale serves for every way of giving it back. */
let hand: postgres.Sql
let sale: { orderId: string; cfPaymentId: string }
beforeAll(async () => {
  app = await startApp()
  hand = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
  const visitor = new Visitor(app)
  const { id } = await newestOrder(app, (await visitor.register()).email!)
  app.sandbox.control.pay(id)
  await visitor.get(`/payment/return?order_id=${id}`)
  const [payment] = await app.sql<{ cfPaymentId: string }[]>`select cf_payment_id from payments where order_id = ${id}`
  sale = { orderId: id, cfPaymentId: payment!.cfPaymentId }
})
afterAll(async () => {
  await hand.end()
  await app.close()
})

/** Who sold it: registered in the buyer's state (27), registered in another, or not registered. */
const sellers = {
  'in the buyer’s state': { gstin: '27AAPFU0939F1ZV', stateCode: '27' },
  'in another state': { gstin: '29AAPFU0939F1ZR', stateCode: '29' },
  'without a GSTIN': { gstin: '', stateCode: '27' },
}

type Part = { paise: number; status: 'SUCCESS' | 'FAILED' | 'PENDING' }
type Heads = { amount: number; taxable: number; cgst: number; sgst: number; igst: number; off: number }

/** Sells at this price, settles the refunds one look of Cashfree after the other, and reads what the papers say. */
async function papersOf(
  seller: object,
  price: number,
  looks: Part[][],
  before = '',
): Promise<{ receipt: Heads; notes: Heads[]; broken: string[] }> {
  const heads = `amount_paise as amount, taxable_paise as taxable, cgst_paise as cgst, sgst_paise as sgst, igst_paise as igst, round_off_paise as off`
  const known: object[] = []
  await hand.unsafe('begin')
  try {
    await hand`update orders set amount_paise = ${price} where id = ${sale.orderId}`
    await hand`update payments set amount_paise = ${price} where order_id = ${sale.orderId}`
    await hand`delete from receipts where order_id = ${sale.orderId}`
    await hand`select issue_receipt(o, ${sale.cfPaymentId}, ${hand.json(seller as never)}) from orders o where id = ${sale.orderId}`
    for (const [look, parts] of looks.entries()) {
      for (const [i, { paise, status }] of parts.entries())
        known.push({
          refundId: `part_${look}_${i}`,
          cfRefundId: `${look}${i}`,
          cfPaymentId: sale.cfPaymentId,
          amountPaise: paise,
          status,
        })
      await hand`select settle_refunds(${sale.orderId}, ${hand.json(known as never)}, 'test', ${hand.json(seller as never)})`
      if (before && look === 0) await hand.unsafe(before)
    }
    // What was pending arrives last, newest first.
    const arrived = known
      .toReversed()
      .map((entry) => ({ ...entry, ...((entry as Part).status === 'PENDING' ? { status: 'SUCCESS' } : {}) }))
    await hand`select settle_refunds(${sale.orderId}, ${hand.json(arrived as never)}, 'test', ${hand.json(seller as never)})`
    const [receipt] = await hand.unsafe<Heads[]>(`select ${heads} from receipts where order_id = '${sale.orderId}'`)
    const notes = await hand.unsafe<Heads[]>(`select ${heads} from credit_notes order by serial`)
    const broken = await hand<
      { id: string }[]
    >`select broken_i6_credit_note_parts() as id union all select broken_i6_credit_notes()`
    return { receipt: { ...receipt! }, notes: [...notes], broken: broken.map(({ id }) => id) }
  } finally {
    await hand.unsafe('rollback')
  }
}

function total(notes: Heads[]): Heads {
  const sum = (head: keyof Heads) => notes.reduce((all, note) => all + note[head], 0)
  return {
    amount: sum('amount'),
    taxable: sum('taxable'),
    cgst: sum('cgst'),
    sgst: sum('sgst'),
    igst: sum('igst'),
    off: sum('off'),
  }
}

const succeeded = (...paise: number[]): Part[][] => paise.map((one) => [{ paise: one, status: 'SUCCESS' }])

describe.each(Object.entries(sellers))('of a sale by a seller %s', (_where, seller) => {
  test.each([
    [49_900, succeeded(16_633, 16_633, 16_634)],
    [499_000, succeeded(100_000, 399_000)],
    [49_900, succeeded(49_900)],
    [49_900, succeeded(1, 1, 1, 49_897)],
    [101, succeeded(50, 51)],
    [1, succeeded(1)],
    [
      49_900,
      [
        [{ paise: 20_000, status: 'FAILED' }],
        [{ paise: 30_000, status: 'SUCCESS' }],
        [{ paise: 19_900, status: 'SUCCESS' }],
      ],
    ],
    [
      49_900,
      [
        [
          { paise: 20_000, status: 'PENDING' },
          { paise: 29_900, status: 'SUCCESS' },
        ],
      ],
    ],
  ] as [number, Part[][]][])(
    'the credit notes of %i paise, given back as %j, are the receipt together',
    async (price, looks) => {
      const { receipt, notes, broken } = await papersOf(seller, price, looks)
      expect(total(notes)).toEqual(receipt)
      expect(broken).toEqual([])
      if (seller.gstin === '') expect(receipt).toMatchObject({ taxable: price, cgst: 0, sgst: 0, igst: 0 })
    },
  )

  test('any parts in any order, some of which fail, take back each tax in proportion and all of it in the end', async () => {
    const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
    console.log(`credit notes of random parts: SEED=${seed}`)
    const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 9 })
    const scenario = fc.record({
      price: fc.integer({ min: 10, max: 2_000_000 }),
      sizes,
      failing: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
      late: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ price, sizes, failing, late }) => {
        const looks = split(price, sizes).map((paise, i): Part[] => [
          ...(failing[i] ? [{ paise, status: 'FAILED' as const }] : []),
          { paise, status: late[i] ? 'PENDING' : 'SUCCESS' },
        ])
        const { receipt, notes, broken } = await papersOf(seller, price, looks)
        expect(total(notes)).toEqual(receipt)
        for (const note of notes) {
          expect(Math.min(note.taxable, note.cgst, note.sgst, note.igst)).toBeGreaterThanOrEqual(0)
          expect(note.cgst).toBe(note.sgst)
          expect(Math.abs(note.off)).toBeLessThanOrEqual(4)
        }
        expect(broken).toEqual([])
      }),
      { seed, numRuns: 60 },
    )
  })
})

test('less than the whole price takes back less than the whole tax', async () => {
  const { notes } = await papersOf(sellers['in the buyer’s state'], 49_900, succeeded(10_000))
  expect(notes).toEqual([{ amount: 10_000, taxable: 8_475, cgst: 763, sgst: 763, igst: 0, off: -1 }])
})

test('a note of the older rule stays as it was issued, and the last one takes what it left', async () => {
  const older = `update credit_notes set split_rule = 1, taxable_paise = 14096, cgst_paise = 1269, sgst_paise = 1269, round_off_paise = -1`
  const { receipt, notes, broken } = await papersOf(
    sellers['in the buyer’s state'],
    49_900,
    succeeded(16_633, 33_267),
    older,
  )
  expect(notes[0]).toMatchObject({ taxable: 14_096, cgst: 1_269, off: -1 })
  expect(total(notes)).toEqual(receipt)
  expect(broken).toEqual([])
})

test('where notes of the older rule took more than there was, the last one takes nothing below zero', async () => {
  const older = `update credit_notes set split_rule = 1, taxable_paise = 42289, cgst_paise = 3807, sgst_paise = 3807, round_off_paise = amount_paise - 42289 - 2 * 3807`
  const { notes, broken } = await papersOf(sellers['in the buyer’s state'], 49_900, succeeded(49_899, 1), older)
  expect(notes[1]).toMatchObject({ amount: 1, taxable: 0, cgst: 0, sgst: 0, igst: 0, off: 1 })
  expect(broken).toEqual([])
})

/** A price in parts of about these proportions, each at least a paisa. */
function split(price: number, sizes: number[]): number[] {
  const whole = sizes.reduce((a, b) => a + b, 0)
  const parts = sizes.map((size) => Math.max(1, Math.floor((price * size) / whole)))
  const rest = price - parts.slice(0, -1).reduce((a, b) => a + b, 0)
  return rest > 0 ? [...parts.slice(0, -1), rest] : [price]
}
