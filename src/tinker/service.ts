// The slot of services: who computes. `local` is the embedded engine; HTTP services register beside it.

import { defineSlot } from '../registry/slot.ts';
import type { ServiceClient } from './clients.ts';

export interface ServiceContext {
  /** Directory under which a service that stores locally keeps the checkpoints of this run. */
  checkpointsPath: string;
  /** Everything random that the request itself does not seed. */
  seed: number;
  /** Tells the user of what takes long before training starts. */
  notify(message: string): void;
  /** A loss that it will be asked for. Given to `check` alone, which says whether the service has it. */
  lossFn?: string;
}

export const serviceSlot = defineSlot<ServiceContext, ServiceClient>({
  name: 'service',
  doc: 'Where training and sampling run: the engine in this package, or a server that speaks the Tinker API.',
});
