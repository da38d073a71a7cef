// The way to a service, opened: its address, and the key that the environment has for it.

import { isLoopbackUrl } from '../../util/loopback.ts';
import { serviceAddress } from './address.ts';
import { Credential } from './credentials.ts';
import { Transport } from './transport.ts';

/**
 * @param given the address; null = that of the environment, or of the hosted service
 * @throws ConfigurationError for what is no address, and where there is no key for it
 */
export async function openTransport(
  given: string | null,
  { env, notify }: { env: NodeJS.ProcessEnv; notify(message: string): void },
): Promise<Transport> {
  const address = serviceAddress(given, env);
  const transport = new Transport({ address, credential: await Credential.of(address, env), notify });
  const warning = plainWarning(address);
  if (warning !== null) transport.tell(warning);
  return transport;
}

/** What is said of an address that a key is not to be sent to unawares; null of others. */
export function plainWarning(address: string): string | null {
  if (!address.startsWith('http:') || isLoopbackUrl(new URL(address))) return null;
  return `${address} is not encrypted: the key and the data can be read on the way`;
}
