import { type CodeSet, codeSet } from './code-set.ts';

/** Code points with a Unicode property up to `max`; undefined when the property is not known. */
export function propertyCodes(name: string, max: number): CodeSet | undefined {
  const expression = propertyExpression(name.replace(/[\s_-]/g, '').toLowerCase());
  if (!expression) return undefined;
  const ranges: [number, number][] = [];
  for (let code = 0; code <= max; code++) {
    if (!expression.test(String.fromCodePoint(code))) continue;
    const last = ranges.at(-1);
    if (last?.[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  return codeSet(ranges);
}

function propertyExpression(name: string): RegExp | undefined {
  const special = SPECIAL[name];
  if (special) return special;
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  for (const source of [title, name, `Script_Extensions=${title}`]) {
    try {
      return new RegExp(`^\\p{${source}}$`, 'u');
    } catch {
      // Not a property of that kind: try the next.
    }
  }
  return undefined;
}

/** What PCRE2 has beyond Unicode. */
const SPECIAL: Readonly<Record<string, RegExp>> = {
  any: /^./su,
  'l&': /[\p{Lu}\p{Ll}\p{Lt}]/u,
  lc: /[\p{Lu}\p{Ll}\p{Lt}]/u,
  xan: /[\p{L}\p{N}]/u,
  xwd: /[\p{L}\p{N}_]/u,
  xsp: /[\p{Z}\t-\r\x85]/u,
  xps: /[\p{Z}\t-\r\x85]/u,
  xuc: /[$@`\xa0-\ud7ff\ue000-\u{10ffff}]/u,
};
