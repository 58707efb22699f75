/** Sets that the code looks up in tables, by their number. */
export type Tables = Uint8Array[];

/** Code that is true where `byte`, an expression, is in the set. */
export function emitTest(set: Uint8Array, byte: string, tables: Tables): string {
  const inside = membersOf(set, 1);
  if (inside.length === 0) return 'false';
  if (inside.length === 256) return 'true';
  if (inside.length === 1) return `${byte} === ${inside[0]}`;
  if (inside.length === 2 && isLetterPair(inside)) return `(${byte} | 32) === ${inside[1]}`;
  if (isRange(inside)) return `((${byte} - ${inside[0]}) >>> 0) < ${inside.length}`;
  const outside = membersOf(set, 0);
  if (outside.length === 1) return `${byte} !== ${outside[0]}`;
  if (isRange(outside)) return `((${byte} - ${outside[0]}) >>> 0) >= ${outside.length}`;
  let table = tables.indexOf(set);
  if (table < 0) table = tables.push(set) - 1;
  return `table${table}[${byte}] === 1`;
}

function membersOf(set: Uint8Array, value: number): number[] {
  return Array.from(set.keys()).filter((byte) => set[byte] === value);
}

function isRange(bytes: readonly number[]): boolean {
  return bytes.at(-1)! - bytes[0]! === bytes.length - 1;
}

/** Or-ing 32 turns no other byte into a letter of lower case. */
function isLetterPair([upper, lower]: readonly number[]): boolean {
  return upper! >= 65 && upper! <= 90 && lower === upper! + 32;
}
