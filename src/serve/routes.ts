// What `cookbook serve` serves besides the Tinker API: OpenAI's, numbers for monitoring, and a page.

import { readVersions } from '../run/provenance.ts';
import type { MoreRoutes } from '../tinker/server/more_routes.ts';
import type { TinkerServer } from '../tinker/server/tinker_server.ts';
import { metricsRoutes } from './metrics.ts';
import { openAiElsewhere, openAiRoutes } from './openai/routes.ts';
import { pageRoutes, readPage } from './page.ts';
import { serverState } from './state.ts';

/** For `listen`. `report` is told of failures that no client is to blame for. */
export async function routesBesides(
  report: (error: unknown) => void,
): Promise<(server: TinkerServer) => readonly MoreRoutes[]> {
  const [versions, page] = await Promise.all([readVersions(), readPage()]);
  return (server) => {
    const openAi = openAiRoutes(server, report);
    const state = () => serverState(server, { versions, waitingElsewhere: openAi.session.waiting });
    return [openAi, openAiElsewhere, metricsRoutes(state), ...pageRoutes(page, state)];
  };
}
