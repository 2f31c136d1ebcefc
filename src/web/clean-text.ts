import fp from 'fastify-plugin'

/**
 * Removes invisible characters from every text in a query, form or JSON body before a schema sees it: directional marks,
 * zero-width spaces, soft hyphens, byte order marks and control characters, which are pasted along from contact cards, chats
 * and PDFs. Passwords stay exactly as typed.
 */
export default fp(async (app) => {
  app.addHook('preValidation', async (request) => {
    request.query = cleaned(request.query)
    request.body = cleaned(request.body)
  })
})

/** As deep as the product's forms and requests nest their fields, and deeper. */
const deepest = 4

function cleaned(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return visibleText(value)
  if (depth === deepest || typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map((item) => cleaned(item, depth + 1))
  const fields = Object.entries(value).map(([name, item]) => [name, isPassword(name) ? item : cleaned(item, depth + 1)])
  return Object.fromEntries(fields)
}

const isPassword = (name: string) => /password/i.test(name)

// Joiners are part of words in Indian scripts and of emoji; variation selectors choose the glyph of the character before them.
const joiner = '(?:\\u200c|\\u200d|\\ufe0e|\\ufe0f)'
// Unicode's list of invisible characters, and the control characters except tab and line breaks.
const invisible = new RegExp(`(?!${joiner})\\p{Default_Ignorable_Code_Point}|(?![\\t\\n\\r])\\p{Cc}`, 'gu')
// At the start, after a space or within ASCII a joiner joins nothing.
const uselessJoiner = new RegExp(`(?<=^|[\\s\\p{ASCII}])${joiner}+`, 'gu')

/** The text without invisible characters; a lone surrogate becomes the replacement character. */
export function visibleText(text: string): string {
  return text.toWellFormed().replace(invisible, '').replace(uselessJoiner, '')
}
