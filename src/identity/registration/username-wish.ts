/**
 * The username that an account would have which chose none: the e-mail's name, else the person's, else 'member'; in small
 * letters, digits, dots and dashes, 3 to 32 of them. Whether it is free, only the database knows.
 */
export function usernameWish(email: string, name: string): string {
  const mailbox = email.slice(0, email.lastIndexOf('@')).replace(/\+.*/s, '')
  return [mailbox, name].map(spelled).find((text) => text.length >= 3) ?? 'member'
}

/** A text in the signs that a username may have: accents go, whatever else cannot stand there becomes a dot. */
function spelled(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '.')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 32)
    .replace(/[._-]+$/, '')
}
