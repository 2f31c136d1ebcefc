import { expect, test } from 'vitest'
import { textFont } from '../../../src/billing/receipts/typesetting/fonts.ts'
import { shaped } from '../../../src/billing/receipts/typesetting/shaping.ts'

test('setting thousands of texts in one go takes no more room than setting one', () => {
  const set = () => shaped('Sector ETF RS Analyzer, annual subscription', textFont('regular'), false)
  set()
  const before = process.memoryUsage().external
  for (let i = 0; i < 5_000; i++) set()
  expect(process.memoryUsage().external - before).toBeLessThan(5_000_000)
})
