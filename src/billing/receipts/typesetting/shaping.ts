import { Direction, Buffer as Letters, shape } from 'harfbuzzjs'
import type { Font } from './fonts.ts'

/**
 * A glyph where it stands, in units of its font. `text` is what a reader is told at this glyph; all together they tell
 * what is written, in canonically equivalent letters. Empty for marks and pieces that are told by another glyph.
 */
export type Glyph = { id: number; text: string; xAdvance: number; xOffset: number; yOffset: number }

// One for all texts: its room lies in WebAssembly's memory, which never shrinks, and a buffer for each text is only given back
// when the collector has found it, by which time a few hundred papers have taken as many megabytes.
const letters = new Letters()

/** Letters of one font and one direction as HarfBuzz, the shaper of the browsers, sets them; glyphs from left to right. */
export function shaped(text: string, font: Font, isRightToLeft: boolean): Glyph[] {
  letters.clearContents()
  letters.addText(text)
  letters.guessSegmentProperties()
  letters.setDirection(isRightToLeft ? Direction.RTL : Direction.LTR)
  shape(font.shaper, letters)
  const positions = letters.getGlyphPositions()
  const clusters = letters.getGlyphInfos().map(({ cluster }) => cluster)
  const glyphs = letters.getGlyphInfos().map(({ codepoint }, i): Glyph => {
    const { xAdvance, xOffset, yOffset } = positions[i]!
    return { id: codepoint, text: '', xAdvance, xOffset, yOffset }
  })
  const starts = [...new Set(clusters), text.length].sort((a, b) => a - b)
  const members = Map.groupBy(glyphs.keys(), (i) => clusters[i]!)
  const tell = isRightToLeft ? tellFromTheRight : tellFromTheLeft
  for (const [i, start] of starts.slice(0, -1).entries())
    tell(
      text.slice(start, starts[i + 1]),
      members.get(start)!.map((member) => glyphs[member]!),
    )
  return glyphs
}

/**
 * Spreads the letters of a cluster (a letter with its marks, a syllable) over its glyphs that take up room, one each and the
 * rest to the last, so that a reader who looks for gaps between letters finds none.
 */
function tellFromTheLeft(text: string, glyphs: Glyph[]): void {
  const broad = glyphs.filter(({ xAdvance }) => xAdvance > 0)
  if (broad.length <= 1) {
    widestOf(glyphs).text = text
    return
  }
  // A vowel sign around its consonant is one character and two glyphs; it is equivalent to its two halves.
  const letters = [...text].length < broad.length ? [...text.normalize('NFD')] : [...text]
  for (const [i, glyph] of broad.entries())
    glyph.text = letters.slice(i, i === broad.length - 1 ? undefined : i + 1).join('')
}

/** Readers turn the glyphs around one by one, so each mark is told by a glyph of its own; dots of letters tell nothing. */
function tellFromTheRight(text: string, glyphs: Glyph[]): void {
  const letters = [...text]
  const base = widestOf(glyphs)
  const marks = glyphs.filter((glyph) => glyph !== base).slice(0, letters.length - 1)
  const own = letters.length - marks.length
  base.text = letters.slice(0, own).join('')
  for (const [i, mark] of marks.entries()) mark.text = letters[letters.length - 1 - i]!
}

function widestOf(glyphs: Glyph[]): Glyph {
  return glyphs.reduce((a, b) => (b.xAdvance > a.xAdvance ? b : a))
}
