import { setTimeout as pause } from 'node:timers/promises'

/** Waits until it is so; at most half a minute, which only a busy machine needs. */
export async function until(isSo: () => Promise<boolean>, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come to be')
    await pause(30)
  }
}
