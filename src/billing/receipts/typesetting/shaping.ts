import { Direction, Buffer as Letters, shape } from 'harfbuzzjs'
import type { Font } from './fonts.ts'

/** A glyph where it stands, in units of its font. `text` are the characters that it begins; empty for those after the first. */
export type Glyph = { id: number; text: string; xAdvance: number; xOffset: number; yOffset: number }

/** Letters of one font and one direction as HarfBuzz, the shaper of the browsers, sets them; glyphs from left to right. */
export function shaped(text: string, font: Font, isRightToLeft: boolean): Glyph[] {
  const letters = new Letters()
  letters.addText(text)
  letters.guessSegmentProperties()
  letters.setDirection(isRightToLeft ? Direction.RTL : Direction.LTR)
  shape(font.shaper, letters)
  const infos = letters.getGlyphInfos()
  const positions = letters.getGlyphPositions()
  const starts = [...new Set(infos.map(({ cluster }) => cluster)), text.length].sort((a, b) => a - b)
  const seen = new Set<number>()
  return infos.map(({ codepoint, cluster }, i) => {
    const { xAdvance, xOffset, yOffset } = positions[i]!
    const isFirst = !seen.has(cluster)
    seen.add(cluster)
    const text_ = isFirst ? text.slice(cluster, starts[starts.indexOf(cluster) + 1]) : ''
    return { id: codepoint, text: text_, xAdvance, xOffset, yOffset }
  })
}
