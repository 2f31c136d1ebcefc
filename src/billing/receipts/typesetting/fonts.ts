import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import { Blob, Face, Font as Shaper } from 'harfbuzzjs'
import { fontInWoff } from './woff.ts'

/** A font that is read already: its bytes for the PDF, its shaper, and which characters it has. */
export type Font = {
  name: string
  bytes: Buffer
  shaper: Shaper
  has(codePoint: number): boolean
  /** Per em, above and below the baseline; both are positive. */
  ascent: number
  descent: number
  unitsPerEm: number
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

/** Where the font of everything else lies, for who draws without a shaper. */
export function textFile(weight: Weight): string {
  return pathOf(text[weight])
}

/** The font of everything that is not spelt in a script of its own. */
export function textFont(weight: Weight): Font {
  return open(text[weight])
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
  const known = opened.get(file)
  if (known) return known
  const raw = readFileSync(pathOf(file))
  const bytes = file.endsWith('.woff') ? fontInWoff(raw) : raw
  const face = new Face(new Blob(bytes))
  const shaper = new Shaper(face)
  const characters = new Set(face.collectUnicodes())
  const { ascender, descender } = shaper.hExtents()
  const font: Font = {
    name: basename(file, extname(file)),
    bytes,
    shaper,
    has: (codePoint) => characters.has(codePoint),
    ascent: ascender / face.upem,
    descent: -descender / face.upem,
    unitsPerEm: face.upem,
  }
  opened.set(file, font)
  return font
}
