// The codes that the GST Network gives to states and union territories; 25 and 28 were merged away.
const state = /^(0[1-9]|1[0-9]|2[0-4679]|3[0-8])/
const shape = /^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/
const signs = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A GSTIN as it is written: capitals, without spaces and dashes. */
export function writtenGstin(typed: string): string {
  return typed.replace(/[\s-]/g, '').toUpperCase()
}

/**
 * What is wrong with a GSTIN in its written form, as a sentence; null: nothing, as far as its shape and its check digit tell
 * (whether it is registered, only the tax office knows). Its first two digits are the code of the state that decides the tax.
 */
export function gstinProblem(gstin: string): string | null {
  if (gstin.length !== 15) return `A GSTIN has 15 characters; this one has ${gstin.length}.`
  if (!shape.test(gstin))
    return 'A GSTIN looks like 27AAPFU0939F1ZV: state code, PAN, a digit, Z and a check character.'
  if (!state.test(gstin)) return 'A GSTIN begins with the code of a state, like 27 for Maharashtra; this one does not.'
  if (gstin[14] !== checkCharacterOf(gstin.slice(0, 14)))
    return 'This GSTIN’s last character does not match the rest. Please compare it with the registration certificate.'
  return null
}

/** The last character: the others' values in base 36, every second doubled, their digits' sum brought to a multiple of 36. */
function checkCharacterOf(body: string): string {
  const sum = [...body].reduce((total, sign, index) => {
    const product = signs.indexOf(sign) * (index % 2 === 0 ? 1 : 2)
    return total + Math.floor(product / 36) + (product % 36)
  }, 0)
  return signs[(36 - (sum % 36)) % 36]!
}
