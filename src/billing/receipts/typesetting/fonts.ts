import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import { Blob, Face, MetricsTag, Font as Shaper } from 'harfbuzzjs'
import { subsetOf } from './subset.ts'
import { fontInWoff } from './woff.ts'

/** A font that is read already: its bytes for the PDF, its shaper, and which characters it has. */
export type Font = {
  name: string
  bytes: Buffer
  /** Of so few glyphs that documents take all of them along. */
  isSmall: boolean
  shaper: Shaper
  has(codePoint: number): boolean
  /** Per em, above and below the baseline; both are positive. */
  ascent: number
  descent: number
  capHeight: number
  unitsPerEm: number
  /** What all glyphs fit in, from the origin: left, bottom, right and top, in units. */
  box: number[]
}

export type Weight = 'regular' | 'bold'

// The PDF standard fonts have no rupee sign and print it as something else; DejaVu has it.
const text: Record<Weight, string> = {
  regular: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf',
  bold: 'dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf',
}

/** The scripts of the Eighth Schedule's languages and Sinhala, each with its package and the part of it with the script. */
const scripts: readonly [RegExp, family: string, part: string][] = [
  [/\p{Script=Devanagari}/u, 'noto-sans-devanagari', 'devanagari'],
  [/\p{Script=Bengali}/u, 'noto-sans-bengali', 'bengali'],
  [/\p{Script=Tamil}/u, 'noto-sans-tamil', 'tamil'],
  [/\p{Script=Telugu}/u, 'noto-sans-telugu', 'telugu'],
  [/\p{Script=Kannada}/u, 'noto-sans-kannada', 'kannada'],
  [/\p{Script=Malayalam}/u, 'noto-sans-malayalam', 'malayalam'],
  [/\p{Script=Gujarati}/u, 'noto-sans-gujarati', 'gujarati'],
  [/\p{Script=Gurmukhi}/u, 'noto-sans-gurmukhi', 'gurmukhi'],
  [/\p{Script=Oriya}/u, 'noto-sans-oriya', 'oriya'],
  [/\p{Script=Ol_Chiki}/u, 'noto-sans-ol-chiki', 'ol-chiki'],
  [/\p{Script=Meetei_Mayek}/u, 'noto-sans-meetei-mayek', 'meetei-mayek'],
  [/\p{Script=Sinhala}/u, 'noto-sans-sinhala', 'sinhala'],
  // Urdu, Kashmiri and Sindhi: Naskh has every letter of the block.
  [/\p{Script=Arabic}/u, 'noto-naskh-arabic', 'arabic'],
]

/** A plain drawing of nearly every character there is: for the scripts of the rest of the world. */
const lastResort = '@fontsource/unifontex/files/unifontex-latin-400-normal.woff'

/** Belongs to the letters around it: marks, joiners, and what several scripts share. */
const shared = /[\p{M}\p{Script=Common}\p{Script=Inherited}]/u

/** The font that prints this character, when what stands before it is printed with `before`. */
export function fontFor(character: string, weight: Weight, before: Font | undefined): Font {
  const codePoint = character.codePointAt(0)!
  if (before && staysWith(before, character)) return before
  const own = scripts.find(([pattern]) => pattern.test(character))
  const [, devanagariFamily, devanagari] = scripts[0]!
  const candidates = [
    ...(own ? [packaged(own[1], own[2], weight)] : []),
    text[weight],
    // Signs that the scripts of India share, such as the danda.
    packaged(devanagariFamily, devanagari, weight),
    lastResort,
  ]
  return open(candidates.find((file) => open(file).has(codePoint)) ?? text[weight])
}

/** What several scripts share is printed with the letters before it; a plain drawing keeps no more than its marks. */
function staysWith(before: Font, character: string): boolean {
  const codePoint = character.codePointAt(0)!
  const stays = lastResort.includes(before.name) ? /\p{M}/u : shared
  return isJoiner(codePoint) || (stays.test(character) && before.has(codePoint))
}

/** What nearly all papers are made of, besides the letters and signs of ASCII. */
const signs = '‘’“”–—…·−₹'
const plain = new RegExp(`^[ -~${signs}]*$`)
const plainCharacters = [...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)), ...signs]

/** The font of a text that is nothing but plain letters, digits and signs; none for any other. */
export function plainFont(text: string, weight: Weight): Font | undefined {
  return plain.test(text) ? textFont(weight) : undefined
}

/** The font of plain texts, by which all lines are measured: a fiftieth of the whole one, and the same where it has a sign. */
export function textFont(weight: Weight): Font {
  const file = text[weight]
  const key = `plain ${file}`
  return opened.get(key) ?? keep(key, file, subsetOf(read(file), { characters: plainCharacters }), true)
}

function isJoiner(codePoint: number): boolean {
  return codePoint === 0x200c || codePoint === 0x200d
}

function packaged(family: string, part: string, weight: Weight): string {
  return `@fontsource/${family}/files/${family}-${part}-${weight === 'bold' ? 700 : 400}-normal.woff`
}

const opened = new Map<string, Font>()
const require = createRequire(import.meta.url)

/** `file` starts with the name of the package that it is in. */
function pathOf(file: string): string {
  const [, folder, inside] = /^((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(file)!
  return join(dirname(require.resolve(`${folder}/package.json`)), inside!)
}

/** Reads a font once. */
function open(file: string): Font {
  return opened.get(file) ?? keep(file, file, read(file), false)
}

function read(file: string): Buffer {
  const raw = readFileSync(pathOf(file))
  return file.endsWith('.woff') ? fontInWoff(raw) : raw
}

function keep(key: string, file: string, bytes: Buffer, isSmall: boolean): Font {
  const face = new Face(new Blob(bytes))
  const shaper = new Shaper(face)
  const { ascender, descender } = shaper.hExtents()
  const head = Buffer.from(face.referenceTable('head')!)
  const font: Font = {
    name: basename(file, extname(file)),
    bytes,
    isSmall,
    shaper,
    has: (codePoint) => shaper.nominalGlyph(codePoint) !== undefined,
    ascent: ascender / face.upem,
    descent: -descender / face.upem,
    capHeight: shaper.getMetricPositionWithFallback(MetricsTag.CAP_HEIGHT) / face.upem,
    unitsPerEm: face.upem,
    box: [36, 38, 40, 42].map((at) => head.readInt16BE(at)),
  }
  opened.set(key, font)
  return font
}
