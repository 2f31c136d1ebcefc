import type { SandboxContext } from '../context.ts'
import type { Delivery } from '../model.ts'
import { announcePing } from '../webhooks/announce.ts'
import { startSending } from '../webhooks/deliver.ts'
import { ControlError } from './find.ts'

/** What the dashboard holds: the merchant's key, the webhook endpoint, and what was sent to it. */
export function webhookControl(context: SandboxContext) {
  return {
    /** The deliveries of one order, or of all; newest first. */
    deliveries: (orderId?: string): Delivery[] =>
      context.ledger.deliveries.filter((delivery) => !orderId || delivery.orderId === orderId).toReversed(),

    /** Sends a delivery again, whatever became of it, and waits for the answer. */
    async redeliver(n: number): Promise<Delivery> {
      const delivery = context.ledger.deliveries.find((candidate) => candidate.n === n)
      if (!delivery) throw new ControlError(404, `There is no delivery ${n}`)
      if (delivery.state === 'sending') await Promise.all(context.inFlight)
      await startSending(context, delivery)
      return delivery
    },

    /** Sends the dashboard's test ping, or an event of any type; null when no endpoint is set. */
    async ping(type?: string, data?: unknown): Promise<Delivery | null> {
      const delivery = announcePing(context, type, data)
      if (delivery?.state === 'waiting') await startSending(context, delivery)
      return delivery
    },

    /** Pauses or resumes webhooks, or sets the endpoint. */
    webhooks(changes: { paused?: boolean; url?: string | null }) {
      if (changes.paused !== undefined) context.webhooksPaused = changes.paused
      if (changes.url !== undefined) context.webhookUrl = changes.url
      context.changed()
      return { url: context.webhookUrl, paused: context.webhooksPaused }
    },

    /** The merchant's key from now on, as if the previous one were deleted in the dashboard; webhooks are signed with it. */
    credentials({ clientId, clientSecret }: Pick<SandboxContext, 'clientId' | 'clientSecret'>) {
      Object.assign(context, { clientId, clientSecret })
    },
  }
}
