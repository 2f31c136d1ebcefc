/**
 * How sentences name what is measured and what it is measured against: "16 sectors against the Nifty". `instrument` is the
 * benchmark as something that has prices.
 */
export type Terms = { one: string; many: string; benchmark: string; instrument: string }

/** What a reader sees who chose nothing: sectors against the Nifty. */
export const usualTerms: Terms = { one: 'sector', many: 'sectors', benchmark: 'the Nifty', instrument: 'the Nifty ETF' }
