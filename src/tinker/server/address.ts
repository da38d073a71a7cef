// Where a server listens, and why it cannot.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigurationError, messageOf } from '../../util/errors.ts';
import { errorCode } from '../../util/files.ts';

/** @throws ConfigurationError for an address that cannot be listened on */
export function boundAddress(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no address'));
      else resolve(address);
    });
  });
}

function listenError(error: unknown, host: string, port: number): ConfigurationError {
  const code = errorCode(error);
  const place = `${host}:${port}`;
  if (code === 'EADDRINUSE') {
    return new ConfigurationError(`another program listens on ${place}`, {
      hint: 'Take another with --port.',
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new ConfigurationError(`may not listen on ${place}`, { hint: 'Take a --port above 1023.', cause: error });
  }
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
    return new ConfigurationError(`${host} is no address of this machine`, { hint: 'See --host.', cause: error });
  }
  return new ConfigurationError(`cannot listen on ${place}: ${messageOf(error)}`, { cause: error });
}
