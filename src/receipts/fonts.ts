import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

// The PDF standard fonts have no rupee sign and print it as something else; DejaVu has it.
const dejavu = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf')
export const regular = join(dejavu, 'DejaVuSans.ttf')
export const bold = join(dejavu, 'DejaVuSans-Bold.ttf')

/** Scripts people in India spell their names in, with the font that has them. The two joiners belong to each. */
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
]
const joiner = /[\u200c\u200d]/

export type Run = { text: string; font: string }

/** Cuts a text into runs that one font can print; what no Indian script claims is left to `otherwise`. */
export function runsOf(text: string, otherwise: string): Run[] {
  const runs: Run[] = []
  for (const character of text) {
    const last = runs.at(-1)
    const script = scripts.find(([pattern]) => pattern.test(character))?.[1]
    // A joiner has a meaning only inside the word it stands in.
    const font = script ? fontOf(script) : last && joiner.test(character) ? last.font : otherwise
    if (last?.font === font) last.text += character
    else runs.push({ text: character, font })
  }
  return runs
}

function fontOf(script: string): string {
  const folder = dirname(require.resolve(`@fontsource/noto-sans-${script}/package.json`))
  return join(folder, 'files', `noto-sans-${script}-${script}-400-normal.woff`)
}
