import { describe, expect, test } from 'vitest'
import { findState, indianStates } from '../../src/identity/users/indian-states.ts'
import { indianMobile, tenDigits } from '../../src/identity/users/phones.ts'

describe('an Indian mobile number', () => {
  test.each([
    '9876500001',
    '+919876500001',
    '+91 98765 00001',
    '919876500001',
    '91-98765-00001',
    '09876500001',
    '0091 9876500001',
    ' 98765-00001 ',
    '(98765) 00001',
    '98.76.50.00.01',
    '+91 (0) 98765 00001',
    '(+91) 98765 00001',
    '0 98765 00001',
    '98765–00001',
    '98765\u2011\u200d00001',
    '98765\u221200001',
    '98765/00001',
    '98765\u00a000001',
    'tel:+919876500001',
    '９８７６５００００１',
  ])('%j is understood', (typed) => expect(indianMobile(typed)).toBe('+919876500001'))

  test.each(['6000000000', '7999999999', '8123456789'])('%j may start with 6, 7 and 8', (typed) => {
    expect(indianMobile(typed)).toBe(`+91${typed}`)
  })

  test.each([
    '5876500001',
    '98765000011',
    '987650000',
    '98765O0001',
    '+1 9876500001',
    '+9198765000011',
    '00919876500001x',
    '+91+919876500001',
    '9876500001; 9876500002',
    '+91 91 98765 00001',
    '00 98765 00001',
    'mobile 9876500001',
    '٩٨٧٦٥٠٠٠٠١',
    '',
    '+91',
  ])('%j is not one', (typed) => expect(indianMobile(typed)).toBeNull())

  test('Cashfree gets ten digits', () => expect(tenDigits('+919876500001')).toBe('9876500001'))
})

describe('a state', () => {
  test.each(['27', ' 27 ', 'Maharashtra', 'maharashtra', ' MAHARASHTRA '])('%j is Maharashtra', (typed) => {
    expect(findState(typed)?.code).toBe('27')
  })
  test('one-digit codes are understood', () => expect(findState('7')?.name).toBe('Delhi'))
  test.each(['', '00', '99', '25', 'Maharashtr', 'Atlantis', '27 '.repeat(3)])('%j is none', (typed) => {
    expect(findState(typed)).toBeUndefined()
  })
  test('there are 36, each once', () => {
    expect(indianStates).toHaveLength(36)
    expect(new Set(indianStates.map(({ code }) => code)).size).toBe(36)
  })
})
