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
  regular: 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  bold: 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf',
}

/** The scripts that India's languages are written in and DejaVu does not have. */
const scripts: readonly [RegExp, string][] = [
  [/\p{Script=Devanagari}/u, 'devanagari'],
  [/\p{Script=Bengali}/u, 'bengali'],
  [/\p{Script=Tamil}/u, 'tamil'],
  [/\p{Script=Telugu}/u, 'telugu'],
  [/\p{Script=Kannada}/u, 'kannada'],
  [/\p{Script=Malayalam}/u, 'malayalam'],
  [/\p{Script=Gujarati}/u, 'gujarati'],
  [/\p{Script=Gurmukhi}/u, 'gurmukhi'],
  [/\p{Script=Oriya}/u, 'oriya'],
  [/\p{Script=Ol_Chiki}/u, 'ol-chiki'],
  [/\p{Script=Meetei_Mayek}/u, 'meetei-mayek'],
]

/** A plain drawing of nearly every character there is: for the scripts of the rest of the world. */
const lastResort = '@fontsource/unifontex/files/unifontex-latin-400-normal.woff'

/** Belongs to the letters around it: marks, joiners, and what several scripts share. */
const shared = /[\p{M}\p{Script=Common}\p{Script=Inherited}]/u

/** The font that prints this character, when what stands before it is printed with `before`. */
export function fontFor(character: string, weight: Weight, before: Font | undefined): Font {
  const codePoint = character.codePointAt(0)!
  if (before && shared.test(character) && (before.has(codePoint) || isJoiner(codePoint))) return before
  const script = scripts.find(([pattern]) => pattern.test(character))?.[1]
  const candidates = [...(script ? [indic(script)] : []), text[weight], indic('devanagari'), lastResort]
  return open(candidates.find((file) => open(file).has(codePoint)) ?? text[weight])
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

function indic(script: string): string {
  return `@fontsource/noto-sans-${script}/files/noto-sans-${script}-${script}-400-normal.woff`
}

const opened = new Map<string, Font>()
const require = createRequire(import.meta.url)

/** `file` starts with the name of the package that it is in. */
function pathOf(file: string): string {
  const [, packaged, inside] = /^((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(file)!
  return join(dirname(require.resolve(`${packaged}/package.json`)), inside!)
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
