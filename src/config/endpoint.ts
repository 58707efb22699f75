import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

export interface Endpoint {
  /** Name or address without brackets; empty for all interfaces. */
  host: string;
  /** 0 lets the system choose. */
  port: number;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** `127.0.0.1:4318`, `[::1]:4318`, `localhost:4318` or `:4318`; undefined where the text is none of them. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) return undefined;
  return { host: ipv6 ?? name, port };
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether only this machine can reach the endpoint. Names other than `localhost` count as reachable from outside:
 * what they resolve to is not ours to say.
 */
export function isLoopback({ host }: Endpoint): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** A configuration value that is an address to listen on; in code it is an Endpoint. */
export function listenEndpoint() {
  return z
    .string()
    .transform((text, context) => {
      const endpoint = parseEndpoint(text);
      if (endpoint) return endpoint;
      context.addIssue({
        code: 'custom',
        message: `"${text}" is no address; write it as 127.0.0.1:4318 or [::1]:4318`,
      });
      return z.NEVER;
    })
    .meta({ description: 'Address and port to listen on' });
}
