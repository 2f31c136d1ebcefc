import type { GiftState } from './queries.ts'

/** Where a gift stands, in a word or two, and the tone of its chip. */
export const giftStates: Record<GiftState, { label: string; tone: 'good' | 'warn' | 'bad' | 'info' }> = {
  unpaid: { label: 'Not paid', tone: 'info' },
  waiting: { label: 'Code not sent yet', tone: 'info' },
  sent: { label: 'Code sent', tone: 'good' },
  undeliverable: { label: 'Mail refused', tone: 'bad' },
  redeemed: { label: 'Redeemed', tone: 'good' },
  void: { label: 'Refunded, code ended', tone: 'warn' },
  over: { label: 'Code expired', tone: 'warn' },
}
