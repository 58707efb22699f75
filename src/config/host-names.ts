import { z } from 'zod';

/** A setting that lists hosts by name; `*` stands for one label, so `*.example.com` is `web01.example.com`. */
export function hostNames() {
  return z
    .array(z.string().regex(HOST_PATTERN, 'is no name of a host; a `*` stands for a whole label'))
    .min(1)
    .describe('Values of `host.name` that the holder may send events of; `*` stands for one label; default: any');
}

const HOST_PATTERN = /^(?:\*|[^\s*.,]+)(?:\.(?:\*|[^\s*.,]+))*$/;

export function isHostPattern(text: string): boolean {
  return HOST_PATTERN.test(text);
}

/** Whether one of the names is this host; case does not matter. */
export function namesHost(names: readonly string[], host: string): boolean {
  const labels = host.toLowerCase().split('.');
  return names.some((name) => {
    const wanted = name.toLowerCase().split('.');
    return wanted.length === labels.length && wanted.every((label, index) => label === '*' || label === labels[index]);
  });
}
