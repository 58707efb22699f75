/** Shortest literal that can be looked for. */
export const MIN_LITERAL = 4;

/** Bytes by how often they stand in logs, the most frequent first; what is not listed is rare. */
const FREQUENT = ' e0t1ai2on"sr:.=3l/-d,cu5p4m';
const WORTH = new Uint8Array(256).fill(FREQUENT.length);
for (const [worth, char] of Array.from(FREQUENT).entries()) WORTH[char.charCodeAt(0)] = worth;

export type WindowRarity = (window: string) => number;

/** What stands in many literals stands in many logs. */
export function rarityAmong(literals: readonly string[]): WindowRarity {
  const uses = new Map<string, number>();
  for (const literal of literals) {
    for (let at = 0; at + MIN_LITERAL <= literal.length; at++) {
      const window = literal.slice(at, at + MIN_LITERAL);
      uses.set(window, (uses.get(window) ?? 0) + 1);
    }
  }
  return (window) => {
    let sum = -8 * (uses.get(window) ?? 0);
    for (let byte = 0; byte < MIN_LITERAL; byte++) sum += WORTH[window.charCodeAt(byte)]!;
    return sum;
  };
}

/** Offset of the rarest four bytes among those at `from` and every `step` places behind; -1 where there is no such place. */
export function bestWindow(literal: string, rarity: WindowRarity, from: number, step: number): number {
  let best = -1;
  let worth = Number.NEGATIVE_INFINITY;
  for (let at = from; at + MIN_LITERAL <= literal.length; at += step) {
    const one = rarity(literal.slice(at, at + MIN_LITERAL));
    if (one <= worth) continue;
    worth = one;
    best = at;
  }
  return best;
}
