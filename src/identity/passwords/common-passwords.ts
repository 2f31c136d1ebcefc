import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The 5,000 most common leaked passwords of eight characters and more, in small letters, the most common first. Taken from
 * @zxcvbn-ts/language-common 4.1.3 (MIT, © Dan Wheeler, Dropbox Inc. and the authors of zxcvbn-ts).
 */
const leaked = new Set(readFileSync(join(import.meta.dirname, 'common-passwords.txt'), 'utf8').split('\n'))

/**
 * Stems that head every published list of leaked passwords, and words of this product. A password that is one of them,
 * however it is capitalised and whatever few digits follow, is refused; longer phrases that contain one are fine.
 */
const stems = new Set(
  `password passw0rd qwerty qwertyui qwertyuiop asdfghjk asdfghjkl zxcvbnm iloveyou welcome admin administrator letmein
  monkey dragon football baseball superman batman princess sunshine master shadow michael jordan abcdefgh abcd abc
  test testtest changeme secret trustno whatever starwars computer internet samsung google india bharat mumbai delhi
  krishna ganesh sairam omsairam jaimatadi hanuman lakshmi cricket sachin dhoni kohli pass word login user guest hello
  sector analyzer analyser nifty sensex banknifty nse bse cashfree etf rsanalyzer sectoretf`.split(/\s+/),
)

/** Whether it is among the first few thousand guesses anybody would make. The guide's `TestPass123` is not. */
export function isCommonPassword(password: string): boolean {
  const lower = password.toLowerCase()
  if (/^(.)\1*$/.test(lower) || /^(\d{1,4})\1+\d*$/.test(lower)) return true
  if ('01234567890123456789'.includes(lower) || '98765432109876543210'.includes(lower)) return true
  return leaked.has(lower) || stems.has(lower.replace(/[\d!@#$._-]{0,6}$/, ''))
}
