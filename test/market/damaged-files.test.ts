import { strToU8, zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { seeded } from './fixture.ts'
import { read, shapes } from './price-files.ts'

const all = Object.values(shapes)
const rounds = 150

/** Flips, removes, repeats or adds some bytes. */
function damaged(bytes: Uint8Array, random: () => number): Buffer {
  let result = Buffer.from(bytes)
  for (let i = 0; i <= random() * 3; i++) {
    const [at, length] = [Math.floor(random() * result.length), Math.floor(random() ** 4 * 300)]
    const [before, after] = [result.subarray(0, at), result.subarray(at)]
    const noise = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
    const kind = Math.floor(random() * 4)
    if (kind === 0) result[at]! ^= 1 << Math.floor(random() * 8)
    else if (kind === 1) result = Buffer.concat([before, after.subarray(length)])
    else if (kind === 2) result = Buffer.concat([before, noise, after])
    else result = Buffer.concat([before, after.subarray(0, length), after])
  }
  return result
}

test('a damaged file of any format, alone or in a zip, ends in prices or sentences that a database can keep', async () => {
  const seed = Date.now() % 1_000_000
  const random = seeded(seed)
  for (let round = 0; round < rounds; round++) {
    const { name, lines } = all[Math.floor(random() * all.length)]!
    const text = lines.join('\n')
    const plain = random() < 0.3 ? Buffer.from(text, 'utf16le') : strToU8(text)
    const inner = zipSync({ [name]: plain, 'other.csv': strToU8('date,symbol,close\n2026-11-19,ITBEES,41\n') })
    const kind = Math.floor(random() * 4)
    const [as, bytes] =
      kind === 0
        ? [name, damaged(plain, random)]
        : kind === 1
          ? ['x.zip', damaged(inner, random)]
          : kind === 2
            ? ['x.zip', zipSync({ 'in.zip': damaged(inner, random), [name]: damaged(plain, random) })]
            : ['x.zip', damaged(zipSync({ 'in.zip': inner }), random)]
    const where = `seed ${seed}, round ${round}, ${as} of ${name}`
    const found = await read(as, bytes).catch((error: unknown) => {
      throw new Error(where, { cause: error })
    })
    const said = [...found.problems, ...found.refused]
    expect(found.prices.length + said.length + found.ends.length, where).toBeGreaterThan(0)
    for (const { file, sentence } of said) {
      expect(`${file} ${sentence}`, where).not.toContain('\0')
      expect(`${file} ${sentence}`.isWellFormed(), where).toBe(true)
    }
    for (const { day, close } of found.prices) {
      expect(day, where).toMatch(/^\d{4}-\d\d-\d\d$/)
      expect(close, where).toBeGreaterThan(0)
    }
  }
})
