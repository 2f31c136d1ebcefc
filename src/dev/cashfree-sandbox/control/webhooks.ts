import type { SandboxContext } from '../context.ts'
import type { Delivery } from '../model.ts'
import { announcePing } from '../webhooks/announce.ts'
import { startSending } from '../webhooks/deliver.ts'
import { ControlError } from './find.ts'

export type WebhookChanges = { paused?: boolean; url?: string | null; subscriptionUrl?: string | null }

/** What the dashboard holds: the merchant's key, the webhook endpoint, and what was sent to it. */
export function webhookControl(context: SandboxContext) {
  return {
    /** The deliveries of one order or mandate, or of all; newest first. */
    deliveries: (id?: string): Delivery[] =>
      context.ledger.deliveries
        .filter((delivery) => !id || delivery.orderId === id || delivery.mandateId === id)
        .toReversed(),

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

    /** Pauses or resumes webhooks, or sets the endpoints. */
    webhooks(changes: WebhookChanges) {
      if (changes.paused !== undefined) context.webhooksPaused = changes.paused
      if (changes.url !== undefined) context.webhookUrl = changes.url
      if (changes.subscriptionUrl !== undefined) context.subscriptionWebhookUrl = changes.subscriptionUrl
      context.changed()
      return webhooksOf(context)
    },

    /** The merchant's key from now on, as if the previous one were deleted in the dashboard; webhooks are signed with it. */
    credentials({ clientId, clientSecret }: Pick<SandboxContext, 'clientId' | 'clientSecret'>) {
      Object.assign(context, { clientId, clientSecret })
    },
  }
}

/** Where webhooks go, and whether they are paused. */
export function webhooksOf({ webhookUrl, subscriptionWebhookUrl, webhooksPaused }: SandboxContext) {
  return { url: webhookUrl, subscriptionUrl: subscriptionWebhookUrl, paused: webhooksPaused }
}
