/**
 * The first `longest` UTF-16 units of a text, and no half of a sign at its end: PostgreSQL refuses a jsonb with one, and other
 * systems do as well.
 */
export function beginningOf(text: string, longest: number): string {
  return text.slice(0, longest).replace(/[\ud800-\udbff]$/, '')
}
