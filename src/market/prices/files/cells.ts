/** A price cell: "1,23,456.70", "33.55". Null for anything that is not a price above zero. */
export function priceIn(cell: string): number | null {
  const text = cell.trim().replace(/^₹\s*/, '')
  if (!/^(\d+|\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})(\.\d+)?$/.test(text)) return null
  const price = Number(text.replaceAll(',', ''))
  return Number.isFinite(price) && price > 0 ? price : null
}
