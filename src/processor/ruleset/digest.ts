import { createHash } from 'node:crypto';

/** Digest of a file's bytes, given as such or one to a character. */
export function digestBytes(content: string | Uint8Array): string {
  const hash = createHash('sha256');
  return (typeof content === 'string' ? hash.update(content, 'latin1') : hash.update(content)).digest('hex');
}

/** Digest of what a directory holds; hidden files (those of editors, mostly) are none of ours. */
export function digestNames(names: readonly string[]): string {
  return createHash('sha256')
    .update(
      names
        .filter((name) => !name.startsWith('.'))
        .sort()
        .join('\0'),
    )
    .digest('hex');
}
