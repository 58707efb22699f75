/** A part of a pattern between two slashes. */
export type GlobSegment =
  | { kind: 'literal'; name: string }
  /** `hidden`: the pattern itself starts with a dot, so it also matches names that do. */
  | { kind: 'wildcard'; regex: RegExp; hidden: boolean }
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
    return alternatives.some((segments) => matches(segments, 0, names, 0));
  };
}

function matches(segments: readonly GlobSegment[], at: number, names: readonly string[], from: number): boolean {
  for (; at < segments.length; at++, from++) {
    const segment = segments[at];
    if (segment.kind === 'any_depth') {
      for (let next = from; next <= names.length; next++) if (matches(segments, at + 1, names, next)) return true;
      return false;
    }
    if (from >= names.length) return false;
    if (segment.kind === 'literal' ? names[from] !== segment.name : !segment.regex.test(names[from])) return false;
  }
  return from === names.length;
}

function parseSegment(segment: string): GlobSegment {
  if (segment === '**') return { kind: 'any_depth' };
  let source = '';
  let literal = '';
  let wild = false;
  for (let i = 0; i < segment.length; i++) {
    const character = segment[i];
    if (character === '*') {
      wild = true;
      if (!source.endsWith('.*')) source += '.*';
    } else if (character === '?') {
      wild = true;
      source += '.';
    } else if (character === '[') {
      const end = segment.indexOf(']', i + (segment[i + 1] === '!' || segment[i + 1] === '^' ? 3 : 2));
      if (end < 0) throw new Error('"[" without "]"');
      const negated = segment[i + 1] === '!' || segment[i + 1] === '^';
      const members = segment.slice(i + (negated ? 2 : 1), end).replace(/[\\\]^[]/g, '\\$&');
      wild = true;
      source += `[${negated ? '^' : ''}${members}]`;
      i = end;
    } else {
      const plain = character === '\\' && i + 1 < segment.length ? segment[++i] : character;
      literal += plain;
      source += plain.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    }
  }
  if (!wild) return { kind: 'literal', name: literal };
  return { kind: 'wildcard', regex: new RegExp(`^${source}$`, 's'), hidden: segment.startsWith('.') };
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
