import { AppError } from '../../platform/errors.ts'

const timeoutMs = 5_000

/**
 * Confirms a subscription of Amazon SNS by opening the address that it sent. Only an address of SNS itself is opened, over https and
 * without following redirects: whoever knows our secret must not have us open addresses of their choice. False: it is no such
 * address. Throws AppError `unavailable` when SNS does not answer well, so that it asks again.
 */
export async function confirmSubscription(address: string): Promise<boolean> {
  if (!isSubscriptionUrl(address)) return false
  const answer = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) }).catch(() => null)
  await answer?.body?.cancel()
  if (!answer?.ok) throw new AppError('unavailable', 'SNS does not answer its own confirmation.')
  return true
}

function isSubscriptionUrl(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, host, pathname, username, password, searchParams } = new URL(address)
  return (
    protocol === 'https:' &&
    /^sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?$/.test(host) &&
    pathname === '/' &&
    username === '' &&
    password === '' &&
    searchParams.get('Action') === 'ConfirmSubscription'
  )
}
