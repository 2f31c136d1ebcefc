import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Panel } from '../panel.ts'

const routes: FastifyPluginAsyncTypebox<Panel> = async () => {}
export default routes
