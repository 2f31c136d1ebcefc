/** One refund, of an order or of a charge under a mandate, as the gateway has it, whoever asked for it. `refundId` is null where nobody gave it one. */
export type RemoteRefund = {
  refundId: string | null
  cfRefundId: string | null
  cfPaymentId: string | null
  status: string
  amountPaise: number | null
  bankReference: string | null
  note: string | null
}
