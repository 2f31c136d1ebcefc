import bidiFactory from 'bidi-js'
import { LRUCache } from 'lru-cache'
import { type Font, fontFor, plainFont, textFont, type Weight } from './fonts.ts'
import { type Glyph, shaped } from './shaping.ts'

/** Letters of one font and one direction, as they are drawn; `from` counts UTF-16 units of the text, `width` is in points. */
export type Run = { text: string; from: number; font: Font; isRightToLeft: boolean; glyphs: Glyph[]; width: number }

/** One line of a text: its characters in the order they are read, its runs from left to right. Measures in points. */
export type Line = { text: string; runs: Run[]; width: number; ascent: number; height: number }

export type Measure = { weight: Weight; size: number; width: number }

const bidi = bidiFactory()
/** Invisible, and yet part of how a word is written: the two joiners and the choice of a form. */
const spelt = /^(?:\u200c|\u200d|[\ufe00-\ufe0f])$/
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** What stands on every paper is set once; a table's row is set to be measured and again to be written. */
const known = new LRUCache<string, Line[]>({ max: 200 })

/**
 * A text broken into lines of at most `width` points: between words, and inside a word only where the word alone is wider.
 * Right-to-left scripts run the way they are read, each script has its font. Nothing to see gives no lines.
 */
export function linesOf(text: string, measure: Measure): Line[] {
  const { weight, size, width } = measure
  const key = `${weight} ${size} ${width} ${text}`
  const lines = known.get(key) ?? broken(printable(text), measure)
  known.set(key, lines)
  return lines
}

function broken(text: string, measure: Measure): Line[] {
  const plain = plainFont(text, measure.weight)
  const { levels } = plain ? { levels: new Uint8Array(text.length) } : bidi.getEmbeddingLevels(text)
  const fonts = plain ? new Array<Font>(text.length).fill(plain) : fontsOf(text, measure.weight)
  const runsIn = ({ from, to }: Range) => runsBetween(text, { from, to }, { fonts, levels, size: measure.size })
  const fits = (range: Range) => widthOf(runsIn(range)) <= measure.width
  const whole = runsIn({ from: 0, to: text.length })
  if (widthOf(whole) <= measure.width) return text === '' ? [] : [lineOf(text, inOrder(whole), measure)]
  return rangesOf(text, fits).map((range) => lineOf(text.slice(range.from, range.to), inOrder(runsIn(range)), measure))
}

function widthOf(runs: { width: number }[]): number {
  return runs.reduce((sum, run) => sum + run.width, 0)
}

/**
 * The text without what cannot be printed: halves of surrogate pairs become the replacement character, line breaks and
 * control characters a space, and invisible characters go, except the joiners that scripts are spelt with.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu, (sign) =>
      spelt.test(sign) ? sign : '',
    )
    .replace(/\s+/g, ' ')
    .trim()
}

/** From one UTF-16 index to before another. */
type Range = { from: number; to: number }

function rangesOf(text: string, fits: (range: Range) => boolean): Range[] {
  const lines: Range[] = []
  let line: Range | undefined
  for (const { index, 0: word } of text.matchAll(/\S+/g)) {
    const to = index + word.length
    if (line && fits({ from: line.from, to })) line.to = to
    else {
      const pieces = fits({ from: index, to }) ? [{ from: index, to }] : piecesOf(text, { from: index, to }, fits)
      lines.push(...pieces)
      line = lines.at(-1)
    }
  }
  return lines
}

/** A word that is too wide, in pieces that are not; each holds at least one character as people see it. */
function piecesOf(text: string, word: Range, fits: (range: Range) => boolean): Range[] {
  const ends = [...graphemes.segment(text.slice(word.from, word.to))].map(
    ({ index, segment }) => word.from + index + segment.length,
  )
  const pieces: Range[] = []
  for (let from = word.from, next = 0; next < ends.length; ) {
    let last = next
    while (last + 1 < ends.length && fits({ from, to: ends[last + 1]! })) last++
    pieces.push({ from, to: ends[last]! })
    from = ends[last]!
    next = last + 1
  }
  return pieces
}

/** The font of each UTF-16 unit. */
function fontsOf(text: string, weight: Weight): Font[] {
  const fonts: Font[] = []
  for (const character of text) {
    const font = fontFor(character, weight, fonts.at(-1))
    for (let unit = 0; unit < character.length; unit++) fonts.push(font)
  }
  return fonts
}

type Known = { fonts: Font[]; levels: Uint8Array; size: number }

/** The runs of a part of the text in the order they are read, each with its embedding level. */
function runsBetween(text: string, { from, to }: Range, { fonts, levels, size }: Known): (Run & { level: number })[] {
  const runs: (Run & { level: number })[] = []
  for (let start = from, end = from; start < to; start = end) {
    while (end < to && fonts[end] === fonts[start] && levels[end] === levels[start]) end++
    const font = fonts[start]!
    const level = levels[start]!
    const isRightToLeft = level % 2 === 1
    const glyphs = shaped(text.slice(start, end), font, isRightToLeft)
    const units = glyphs.reduce((sum, glyph) => sum + glyph.xAdvance, 0)
    runs.push({
      text: text.slice(start, end),
      from: start,
      font,
      level,
      isRightToLeft,
      glyphs,
      width: (units * size) / font.unitsPerEm,
    })
  }
  return runs
}

/** From the order of reading to the order from left to right (Unicode Bidirectional Algorithm, rule L2). */
function inOrder<T extends { level: number }>(runs: T[]): T[] {
  const ordered = [...runs]
  for (let level = Math.max(0, ...runs.map((run) => run.level)); level > 0; level--)
    for (let start = 0; start < ordered.length; start++) {
      let end = start
      while (end < ordered.length && ordered[end]!.level >= level) end++
      if (end > start) ordered.splice(start, end - start, ...ordered.slice(start, end).reverse())
      start = Math.max(start, end - 1)
    }
  return ordered
}

/** A line of these runs, as high as its fonts and that of plain texts need. */
export function lineOf(text: string, runs: Run[], { weight, size }: Omit<Measure, 'width'>): Line {
  const fonts = [textFont(weight), ...runs.map((run) => run.font)]
  const ascent = size * Math.max(...fonts.map((font) => font.ascent))
  const descent = size * Math.max(...fonts.map((font) => font.descent))
  return { text, runs, width: widthOf(runs), ascent, height: ascent + descent }
}
