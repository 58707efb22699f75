/** An address as four words of 32 bits, in the order they are written; IPv4 uses the first. */
export interface Address {
  readonly family: 4 | 6;
  readonly words: readonly number[];
}

const BYTE = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}$`);

/** A dotted quad without leading zeros, as the originals want it. */
export function parseIpv4(text: string): Address | undefined {
  const match = IPV4.exec(text);
  if (!match) return undefined;
  const [, a, b, c, d] = match.map(Number);
  return { family: 4, words: [((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0] };
}

/** Any RFC 4291 form, a dotted quad at the end included; no zone. */
export function parseIpv6(text: string): Address | undefined {
  if (!text.includes(':') || text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words = [0, 2, 4, 6].map((i) => ((groups[i]! << 16) | groups[i + 1]!) >>> 0);
  return { family: 6, words };
}

/** Colon-separated groups of 16 bits; `last` when a dotted quad may stand at their end. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const pieces = text.split(':');
  for (const [i, piece] of pieces.entries()) {
    const quad = last && i === pieces.length - 1 && piece.includes('.') ? parseIpv4(piece) : undefined;
    if (quad) groups.push(quad.words[0]! >>> 16, quad.words[0]! & 0xffff);
    else if (/^[\da-f]{1,4}$/i.test(piece)) groups.push(Number.parseInt(piece, 16));
    else return undefined;
  }
  return groups;
}

export function parseAddress(text: string): Address | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** The IPv4 address in `::ffff:a.b.c.d`, undefined for others. */
export function mappedIpv4({ family, words }: Address): Address | undefined {
  const isMapped = family === 6 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isMapped ? { family: 4, words: [words[3]!] } : undefined;
}

/** Words of a mask with that many leading ones. */
export function maskWords(bits: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const ones = Math.min(32, Math.max(0, bits - 32 * i));
    return ones === 0 ? 0 : (0xffffffff << (32 - ones)) >>> 0;
  });
}
