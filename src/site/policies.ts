/** The operator's promises that several pages repeat. Change a number here and every page agrees with it. */
export const policyTerms = {
  /** Days after payment in which a full refund may be asked for without a reason. */
  refundDays: 7,
  /** Days of access after the paid period has ended. */
  graceDays: 3,
  /** Days within which a complaint is answered. */
  answerDays: 7,
  /** SEBI Research Analyst registration, when the operator has one. */
  raNumber: null as string | null,
  /** When the texts last changed, as printed. */
  updatedOn: new Date('2026-11-20T00:00:00+05:30'),
}

/** The text pages: address and template share a name. */
export const policyPages = ['terms', 'privacy', 'refunds', 'contact', 'disclaimer'] as const
