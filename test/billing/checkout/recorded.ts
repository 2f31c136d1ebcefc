import { afterAll, beforeAll } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { type RecordingGateway, startRecordingGateway } from '../payments/recording-gateway.ts'

/** The app of a test file that calls `useRecordedApp`, and what stands between it and Cashfree; from its `beforeAll` on. */
export let app: TestApp
export let meter: RecordingGateway

/** Starts the app before the tests of a file, with every call to Cashfree recorded, and closes it after them. */
export function useRecordedApp({ webhooks = true } = {}): void {
  beforeAll(async () => {
    meter = await startRecordingGateway()
    app = await startApp({ API_BASE: `${meter.url}/pg` })
    meter.target = app.sandbox.publicUrl
    if (!webhooks) app.sandbox.control.webhooks({ paused: true })
  })
  afterAll(async () => {
    await app.close()
    await meter.close()
  })
}
