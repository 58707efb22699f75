/** A part of a pattern between two slashes. */
export type GlobSegment =
  | { kind: 'literal'; name: string }
  /** `hidden`: the pattern itself starts with a dot, so it also matches names that do. */
  | { kind: 'wildcard'; matches(name: string): boolean; hidden: boolean }
  /** `**`: any number of folders, none included. */
  | { kind: 'any_depth' };

const MAX_ALTERNATIVES = 1024;

/**
 * One list of segments for each alternative of `{a,b}`. Known: `*`, `?`, `[a-z]`, `[!a-z]`, `**` as a whole segment,
 * `{a,b}` (nesting allowed), and `\` before a character to take it as it is.
 */
export function parseGlob(pattern: string): GlobSegment[][] {
  return expandBraces(pattern).map((alternative) =>
    alternative
      .split('/')
      .filter((segment, index) => segment !== '' || index === 0)
      .map(parseSegment),
  );
}

/** Whether an absolute path matches; `*` matches leading dots here, so that an exclusion excludes more, not less. */
export function compileExclude(pattern: string): (path: string) => boolean {
  const alternatives = parseGlob(pattern);
  return (path) => {
    const names = path.split('/').filter((segment, index) => segment !== '' || index === 0);
    return alternatives.some((segments) => matches(segments, names));
  };
}

/** As `matchTokens`: whoever makes folders in folders must not decide how long it takes. */
function matches(segments: readonly GlobSegment[], names: readonly string[]): boolean {
  let at = 0;
  let from = 0;
  let deep = -1;
  let deepFrom = 0;
  while (from < names.length) {
    const segment = segments[at];
    if (segment?.kind === 'any_depth') {
      deep = at++;
      deepFrom = from;
    } else if (segment && matchesName(segment, names[from])) {
      at++;
      from++;
    } else if (deep >= 0) {
      at = deep + 1;
      from = ++deepFrom;
    } else {
      return false;
    }
  }
  while (segments[at]?.kind === 'any_depth') at++;
  return at === segments.length;
}

function matchesName(segment: Exclude<GlobSegment, { kind: 'any_depth' }>, name: string): boolean {
  return segment.kind === 'literal' ? name === segment.name : segment.matches(name);
}

/** One character of a name, or `*`. */
type Token = '*' | ((character: string) => boolean);

function parseSegment(segment: string): GlobSegment {
  if (segment === '**') return { kind: 'any_depth' };
  const characters = [...segment];
  const tokens: Token[] = [];
  let literal = '';
  let wild = false;
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i];
    wild ||= '*?['.includes(character);
    if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (character === '?') {
      tokens.push(() => true);
    } else if (character === '[') {
      const negated = characters[i + 1] === '!' || characters[i + 1] === '^';
      const start = i + (negated ? 2 : 1);
      const end = characters.indexOf(']', start + 1);
      if (end < 0) throw new Error('"[" without "]"');
      tokens.push(parseClass(characters.slice(start, end), negated));
      i = end;
    } else {
      const plain = character === '\\' && i + 1 < characters.length ? characters[++i] : character;
      literal += plain;
      tokens.push((other) => other === plain);
    }
  }
  if (!wild) return { kind: 'literal', name: literal };
  return { kind: 'wildcard', matches: (name) => matchTokens(tokens, [...name]), hidden: segment.startsWith('.') };
}

function parseClass(members: readonly string[], negated: boolean): (character: string) => boolean {
  const ranges: [low: string, high: string][] = [];
  for (let i = 0; i < members.length; i++) {
    const range = members[i + 1] === '-' && i + 2 < members.length;
    ranges.push([members[i], range ? members[i + 2] : members[i]]);
    if (range) i += 2;
  }
  return (character) => ranges.some(([low, high]) => character >= low && character <= high) !== negated;
}

/**
 * Not by a regular expression: file names come from whoever may write to a folder, and `*a*a*a*b` would keep one busy
 * for ever. Here a mismatch only ever moves the last `*`.
 */
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const test = tokens[token];
    if (test === '*') {
      star = token++;
      starAt = at;
    } else if (test?.(name[at])) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  return token === tokens.length || (tokens[token] === '*' && token + 1 === tokens.length);
}

function expandBraces(pattern: string): string[] {
  const open = findOpenBrace(pattern);
  if (open < 0) return [pattern];
  const alternatives: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === '\\') i++;
    else if (character === '{') depth++;
    else if ((character === ',' && depth === 1) || (character === '}' && --depth === 0)) {
      alternatives.push(pattern.slice(start, i));
      start = i + 1;
      if (depth > 0) continue;
      const head = pattern.slice(0, open);
      const tails = expandBraces(pattern.slice(i + 1));
      const all = alternatives.flatMap(expandBraces).flatMap((middle) => tails.map((tail) => head + middle + tail));
      if (all.length > MAX_ALTERNATIVES) throw new Error(`more than ${MAX_ALTERNATIVES} alternatives in braces`);
      return all;
    }
  }
  throw new Error('"{" without "}"');
}

function findOpenBrace(pattern: string): number {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === '{') return i;
  }
  return -1;
}
