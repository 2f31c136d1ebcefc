import { describe, expect, test } from 'vitest'
import { addressesOf, dayInName } from '../../../src/market/feed/addresses.ts'

describe('the addresses of a day', () => {
  test('are NSE’s UDiFF since 8 July 2024, and before it the older bhavcopy first', () => {
    expect(addressesOf([], '2026-11-27')).toEqual([
      'https://nsearchives.nseindia.com/content/cm/BhavCopy_NSE_CM_0_0_0_20261127_F_0000.csv.zip',
    ])
    expect(addressesOf([], '2024-07-08')).toHaveLength(1)
    expect(addressesOf([], '2024-07-05')[0]).toBe(
      'https://nsearchives.nseindia.com/content/historical/EQUITIES/2024/JUL/cm05JUL2024bhav.csv.zip',
    )
    expect(addressesOf([], '2024-07-05')).toHaveLength(2)
  })

  test('are made of the operator’s own patterns, in their order', () => {
    const patterns = ['https://a.example/{YYYY}/{MM}/{DD}.zip', 'https://b.example/{DD}-{Mon}-{YY}_{MON}.csv']
    expect(addressesOf(patterns, '2026-01-09')).toEqual([
      'https://a.example/2026/01/09.zip',
      'https://b.example/09-Jan-26_JAN.csv',
    ])
  })
})

test.each([
  ['BhavCopy_NSE_CM_0_0_0_20261127_F_0000.csv.zip', '2026-11-27'],
  ['cm05JUL2024bhav.csv.zip', '2024-07-05'],
  ['sec_bhavdata_full_27112026.csv', '2026-11-27'],
  ['prices-2026-11-27.csv', '2026-11-27'],
  ['BANKBEES.NS.csv', null],
  ['cm05XXX2024bhav.csv', null],
  ['invoice-202611271234.csv', null],
])('the name %s tells the day %s', (name, day) => {
  expect(dayInName(name)).toBe(day)
})
