/** The statements of a file of SQL, without comments; one space stands for any white space outside of quotes. */
export function splitStatements(text: string): string[] {
  const statements: string[] = []
  let statement = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token.startsWith('--') || token.startsWith('/*')) statement += ' '
    else if (token === ';') {
      statements.push(statement)
      statement = ''
    } else statement += /^\s/.test(token) ? ' ' : token
  }
  return [...statements, statement].map((one) => one.replace(/ {2,}/g, ' ').trim()).filter((one) => one !== '')
}

/** Comments, dollar quotes, strings and quoted names as one token each; then spaces, the semicolon, and anything else. */
const tokens = /--[^\n]*|\/\*[\s\S]*?\*\/|(\$\w*\$)[\s\S]*?\1|'(?:[^']|'')*'|"[^"]*"|\s+|;|[^\s;'"$/-]+|[\s\S]/g

/** The parts of a list, cut at its commas and not at those inside of brackets or quotes. */
export function splitList(text: string): string[] {
  const parts = ['']
  let depth = 0
  for (const [token] of text.matchAll(/'(?:[^']|'')*'|"[^"]*"|[(),]|[^'"(),]+|[\s\S]/g)) {
    if (token === '(') depth++
    if (token === ')') depth--
    if (token === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += token
  }
  return parts.map((part) => part.trim())
}
