// Which hosts are this machine, so that no other hears what is said to them.

const HOST = /^(localhost|127(\.\d+){3}|::1)$/;

/** Of a host as it is listened on: without the brackets that an address puts around IPv6. */
export function isLoopbackHost(host: string): boolean {
  return HOST.test(host);
}

/** Of an address. */
export function isLoopbackUrl({ hostname }: Pick<URL, 'hostname'>): boolean {
  return isLoopbackHost(hostname === '[::1]' ? '::1' : hostname);
}
