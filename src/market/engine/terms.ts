/**
 * How sentences name what is measured and what it is measured against: "16 sectors against the Nifty". `instrument` is the
 * benchmark as something that has prices; `head` stands over a column of names.
 */
export type Terms = { one: string; many: string; head: string; benchmark: string; instrument: string }

/** What a reader sees who chose nothing: sectors against the Nifty. */
export const usualTerms: Terms = {
  one: 'sector',
  many: 'sectors',
  head: 'Sector',
  benchmark: 'the Nifty',
  instrument: 'the Nifty ETF',
}
