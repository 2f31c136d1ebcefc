import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { smallBytes, smallFrame } from '../../src/web/small-frames.ts'
import { windowOf } from '../support/encoded.ts'

const partOf = (name: string, length: number) => Buffer.from(`<p>${name}, `.repeat(length).slice(0, length))

describe('the small parts of pages', () => {
  test('each is a frame that reads by itself, however many are made at once', async () => {
    const parts = Array.from({ length: 40 }, (_, i) => partOf(`Person ${i}`, i === 7 ? smallBytes : 1 + i * 50))
    const frames = await Promise.all(parts.map(smallFrame))
    expect(frames.map((frame) => zstdDecompressSync(frame).toString())).toEqual(parts.map(String))
    for (const frame of frames) expect(windowOf(frame)).toBeLessThanOrEqual(8 * 2 ** 20)
  })

  test('nothing of one person’s part is in the frame of the next', async () => {
    const alone = await smallFrame(partOf('Meera', 3_000))
    await smallFrame(partOf('Somebody else', 9_000))
    expect((await smallFrame(partOf('Meera', 3_000))).equals(alone)).toBe(true)
  })
})
