import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  paise,
  paiseFromRupees,
  rupees,
  rupeesExact,
  rupeesForGateway,
  rupeesInWords,
} from '../../src/platform/money.ts'

describe('reading rupees that another system wrote', () => {
  test.each([
    [499, 49_900],
    [499.0, 49_900],
    ['499', 49_900],
    ['499.00', 49_900],
    ['499.000', 49_900],
    ['499.5', 49_950],
    [' 499.05 ', 49_905],
    [0.01, 1],
    [0, 0],
    ['0.10', 10],
    [-1, -100],
    [1.1, 110],
    [4990.99, 499_099],
    ['9999999999999', 999_999_999_999_900],
  ])('%j is %i paise', (written, expected) => expect(paiseFromRupees(written)).toBe(expected))

  test.each([
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [499.001],
    ['499.001'],
    [0.1 + 0.2],
    [1e21],
    [1e-7],
    ['1e3'],
    ['0x10'],
    ['12345678901234'],
    [''],
    [' '],
    ['.5'],
    ['5.'],
    ['+5'],
    ['4,990'],
    ['₹499'],
    ['499 INR'],
    ['NaN'],
    [null],
    [undefined],
    [true],
    [[499]],
    [{}],
  ])('%j is no amount', (written) => expect(paiseFromRupees(written)).toBeNull())

  test('what is sent to Cashfree is read back as the same amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (amount) => {
        const sent = rupeesForGateway(paise(amount))
        expect(paiseFromRupees(sent)).toBe(amount)
        expect(paiseFromRupees(sent.toFixed(2))).toBe(amount)
      }),
      { verbose: 1 },
    )
  })
})

describe('paise', () => {
  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d is refused', (amount) => {
    expect(() => paise(amount)).toThrow(RangeError)
  })
})

describe('printing money', () => {
  test.each([
    [0, '₹0', '₹0.00'],
    [49_900, '₹499', '₹499.00'],
    [499_000, '₹4,990', '₹4,990.00'],
    [1, '₹0.01', '₹0.01'],
    [10_000_000, '₹1,00,000', '₹1,00,000.00'],
    [1_234_567_890, '₹1,23,45,678.90', '₹1,23,45,678.90'],
  ])('%i paise', (amount, short, long) => {
    expect(rupees(amount)).toBe(short)
    expect(rupeesExact(amount)).toBe(long)
  })

  test.each([
    [0, 'Rupees Zero Only'],
    [49_900, 'Rupees Four Hundred Ninety Nine Only'],
    [499_000, 'Rupees Four Thousand Nine Hundred Ninety Only'],
    [499_001, 'Rupees Four Thousand Nine Hundred Ninety and One Paise Only'],
    [10_000_000, 'Rupees One Lakh Only'],
    [1_000_000_000, 'Rupees One Crore Only'],
    [
      1_234_567_890,
      'Rupees One Crore Twenty Three Lakh Forty Five Thousand Six Hundred Seventy Eight and Ninety Paise Only',
    ],
    [1_100, 'Rupees Eleven Only'],
  ])('%i paise in words', (amount, words) => expect(rupeesInWords(paise(amount))).toBe(words))
})
