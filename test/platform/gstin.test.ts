import { describe, expect, test } from 'vitest'
import { indianStates } from '../../src/identity/users/indian-states.ts'
import { gstinProblem, writtenGstin } from '../../src/platform/gstin.ts'

const signs = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const letters = signs.slice(10)
const seed = Number(process.env.SEED ?? 20_261_129)

/** A GSTIN that nobody has, with every part drawn; its last character is the one of 36 that fits. */
function drawn(random: () => number, state?: string): string {
  const one = (of: string) => of[Math.floor(random() * of.length)]!
  const many = (of: string, count: number) => Array.from({ length: count }, () => one(of)).join('')
  const code = state ?? indianStates[Math.floor(random() * indianStates.length)]!.code
  const body = `${code}${many(letters, 5)}${many(signs.slice(0, 10), 4)}${one(letters)}${one(signs.slice(1))}Z`
  const fitting = [...signs].filter((sign) => gstinProblem(body + sign) === null)
  expect(fitting, `exactly one last character fits ${body}`).toHaveLength(1)
  return body + fitting[0]
}

function seeded(start: number): () => number {
  let state = start
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

describe(`the GSTIN’s check (seed ${seed})`, () => {
  test.each(['27AAPFU0939F1ZV', '29AAGCB7383J1Z4', '24AAACC1206D1ZM'])(
    'the published number %s is accepted',
    (gstin) => {
      expect(gstinProblem(gstin)).toBeNull()
    },
  )

  test('one changed character is always found, and so are two neighbours that changed places', () => {
    const random = seeded(seed)
    for (let round = 0; round < 200; round++) {
      const gstin = drawn(random)
      for (let at = 0; at < 15; at++) {
        for (const sign of signs.replace(gstin[at]!, ''))
          expect([gstin, at, sign, gstinProblem(gstin.slice(0, at) + sign + gstin.slice(at + 1))]).not.toContain(null)
        const swapped = gstin.slice(0, at) + (gstin[at + 1] ?? '') + gstin[at] + gstin.slice(at + 2)
        if (swapped !== gstin) expect([gstin, swapped, gstinProblem(swapped)]).not.toContain(null)
      }
    }
  })

  test('it begins with the code of a state that a person can choose, and with no other', () => {
    const codes = new Set(indianStates.map(({ code }) => code))
    for (let number = 0; number < 100; number++) {
      const code = String(number).padStart(2, '0')
      const problems = [...signs].map((sign) => gstinProblem(`${code}AAPFU0939F1Z${sign}`))
      expect([code, problems.includes(null)]).toEqual([code, codes.has(code)])
    }
  })

  test('small letters, spaces and dashes do not matter; what is wrong is said without repeating it', () => {
    expect(writtenGstin(' 27 aapfu-0939 f1zv ')).toBe('27AAPFU0939F1ZV')
    for (const wrong of ['27AAPFU0939F1ZA', '99AAPFU0939F1ZV', '27AAPFU0939F1'])
      expect(gstinProblem(wrong)).toSatisfy((sentence) => typeof sentence === 'string' && !sentence.includes(wrong))
  })
})
