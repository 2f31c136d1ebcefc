import { expect, test } from 'vitest'
import { diffOf } from '../../../src/admin/incidents/diff.ts'

const ours = { orderId: 'ds_1', amountPaise: 49_900, currency: 'INR' }

test('what differs stands first, what only one side told is no difference', () => {
  const { lines } = diffOf({ ours, theirs: { orderId: 'ds_1', amountPaise: 50_000, currency: 'INR', status: 'PAID' } })
  expect(lines.map(({ label, differs }) => [label, differs])).toEqual([
    ['Amount', true],
    ['Order', false],
    ['Currency', false],
    ['Status', false],
  ])
  expect(lines[0]).toMatchObject({ ours: '₹499', theirs: '₹500' })
})

test('each payment stands beside the price; one that was taken and is too low, or in another currency, differs', () => {
  const attempts = [
    { cfPaymentId: '1', status: 'FAILED', amountPaise: 100, currency: 'INR' },
    { cfPaymentId: '2', status: 'SUCCESS', amountPaise: 40_000, currency: 'INR' },
    { cfPaymentId: '3', status: 'SUCCESS', amountPaise: 50_000, currency: null },
    { cfPaymentId: '4', status: 'SUCCESS', amountPaise: 49_900, currency: 'USD' },
    { cfPaymentId: '5', status: 'SUCCESS', amountPaise: null, currency: 'INR' },
  ]
  const { lines } = diffOf({ ours, theirs: { attempts } })
  const differing = lines.filter(({ differs }) => differs).map(({ label }) => label)
  expect(differing).toEqual(['Payment 2', 'Payment 4', 'Payment 5'])
})

test('other facts are told in words, whatever shape they have', () => {
  expect(
    diffOf({ cfPaymentId: '7', preparedRefundPaise: 49_900, since: '2026-11-20T08:00:00.000Z', odd: [] }).facts,
  ).toEqual([
    { label: 'Payment', value: '7' },
    { label: 'Prepared refund', value: '₹499' },
    { label: 'Since', value: 'Fri, 20 Nov 2026, 1:30 pm IST' },
    { label: 'Odd', value: 'none' },
  ])
  expect(diffOf([{ id: 'I2', wrong: 3 }]).facts).toEqual([{ label: '1', value: 'Id I2, Wrong 3' }])
})
