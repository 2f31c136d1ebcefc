import fp from 'fastify-plugin'

/**
 * Cleans what people paste, once, before any schema or page sees it: every text in a query, form or JSON body loses the
 * characters that show nothing (marks that set the direction of writing, zero-width spaces, soft hyphens, byte order
 * marks, control characters), which come along from contact cards, chats and PDFs. Passwords stay exactly as typed.
 */
export default fp(async (app) => {
  app.addHook('preValidation', async (request) => {
    request.query = cleaned(request.query)
    request.body = cleaned(request.body)
  })
})

/** Deeper than any form or request of ours nests its fields. */
const deepest = 4

function cleaned(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return visibleText(value)
  if (depth === deepest || typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map((item) => cleaned(item, depth + 1))
  const fields = Object.entries(value).map(([name, item]) => [name, isPassword(name) ? item : cleaned(item, depth + 1)])
  return Object.fromEntries(fields)
}

const isPassword = (name: string) => /password/i.test(name)

// Joiners spell words of Indian scripts and put emoji together; variation selectors choose the look of the sign before them.
const joiner = '(?:\\u200c|\\u200d|\\ufe0e|\\ufe0f)'
// Unicode's own list of characters that a reader does not see, and the control characters but tab and line breaks.
const invisible = new RegExp(`(?!${joiner})\\p{Default_Ignorable_Code_Point}|(?![\\t\\n\\r])\\p{Cc}`, 'gu')
// At the start, after a space or in plain ASCII a joiner shows nothing either.
const joinerOfNothing = new RegExp(`(?<=^|[\\s\\p{ASCII}])${joiner}+`, 'gu')

/** The text without characters that show nothing; half a surrogate pair becomes the replacement character. */
export function visibleText(text: string): string {
  return text.toWellFormed().replace(invisible, '').replace(joinerOfNothing, '')
}
