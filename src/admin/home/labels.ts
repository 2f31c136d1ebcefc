import { rupees } from '../../platform/money.ts'
import { shortRupees } from '../charts.ts'

/** "83%" of a share between 0 and 1; a dash where there is none. Never 100% while something failed. */
export function percent(share: number | null): string {
  if (share === null) return '—'
  return `${share > 0.99 && share < 1 ? Math.floor(share * 1000) / 10 : Math.round(share * 100)}%`
}

/** "₹4,990" or "−₹499". */
export function signed(paise: number): string {
  return paise < 0 ? `−${rupees(-paise)}` : rupees(Math.abs(paise))
}

/** "₹54,890" below a lakh of rupees, from there on "₹1.2 L" or "₹3.4 Cr", which a tile has room for. */
export function roughly(paise: number): string {
  const size = Math.abs(paise)
  const text = size < 10_000_000 ? rupees(Math.round(size / 100) * 100) : shortRupees(size)
  return paise < 0 ? `−${text}` : text
}

/** "40 s", "12 min", "5 h", "3 days": rounded down, as people say how old something is; "" where nothing is. */
export function ageLabel(seconds: number | null): string {
  if (seconds === null) return ''
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}
