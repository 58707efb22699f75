import { type Condition, EMPTY, type Look, type Node, type Verb } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseBranches, parseBranchList } from './parse.ts';
import { namedReference, parseCall, relativeGroup } from './parse-escape.ts';
import { applySettings } from './parse-settings.ts';
import { checkFixedWidth } from './width.ts';

interface Item {
  readonly node: Node;
  readonly quantifiable: boolean;
}

/** Reads a group, or a setting, call or verb written like one; the cursor is on the parenthesis. */
export function parseGroup(cursor: Cursor): Item {
  const start = cursor.at;
  if (cursor.takeMatch(/\(\*(?=[A-Za-z:])/y)) return parseStar(cursor, start);
  if (!cursor.take('(?')) {
    cursor.at++;
    const node = cursor.flags.noAutoCapture ? parseBody(cursor, start) : parseCapture(cursor, start, undefined);
    return { node, quantifiable: true };
  }
  const look = takeLookStart(cursor, LOOK_SIGNS);
  if (look) return quantifiable(parseLook(cursor, start, look));
  const name = cursor.takeMatch(/(?:P?<|(?<!P)')(?![=!*])/y);
  if (name) return quantifiable(parseNamed(cursor, start, name[0].endsWith('<') ? '>' : "'"));
  if (cursor.take(':')) return quantifiable(parseBody(cursor, start));
  if (cursor.take('>')) return quantifiable({ kind: 'atomic', child: parseBody(cursor, start) });
  if (cursor.take('|')) return quantifiable(parseBody(cursor, start, true));
  if (cursor.take('(')) return quantifiable(parseConditional(cursor, start));
  if (cursor.takeMatch(/C(?:\d*|"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\{(?:[^}]|\}\})*\})\)/y)) {
    return { node: EMPTY, quantifiable: false };
  }
  const call = cursor.takeMatch(/(?:R|0|([+-]?\d+)|&(\w+)|P>(\w+))\)/y);
  if (call) return quantifiable(parseCall(cursor, call[1] ?? call[2] ?? call[3] ?? '0', start));
  const back = cursor.takeMatch(/P=(\w+)\)/y);
  if (back) return quantifiable(namedReference(cursor, back[1]!, start));
  return parseSettingsGroup(cursor, start);
}

function quantifiable(node: Node): Item {
  return { node, quantifiable: true };
}

/** Branches and the closing parenthesis. */
function parseBody(cursor: Cursor, start: number, reset = false): Node {
  const node = parseBranches(cursor, reset);
  takeEnd(cursor, start);
  return node;
}

function takeEnd(cursor: Cursor, start: number): void {
  if (!cursor.take(')')) cursor.fail('"(" without ")"; a literal one is written "\\("', start);
}

function parseCapture(cursor: Cursor, start: number, name: string | undefined): Node {
  const index = ++cursor.groups.count;
  if (name !== undefined) registerName(cursor, name, index, start);
  return { kind: 'capture', index, child: parseBody(cursor, start) };
}

function parseNamed(cursor: Cursor, start: number, terminator: string): Node {
  const match = cursor.takeMatch(/([A-Za-z_]\w{0,31})([>'])/y);
  if (match?.[2] !== terminator) return cursor.fail('a group name of up to 32 letters, digits and "_" is expected');
  return parseCapture(cursor, start, match[1]!);
}

function registerName(cursor: Cursor, name: string, index: number, at: number): void {
  const { names } = cursor.groups;
  for (const [other, numbers] of names) {
    if (other !== name && numbers.includes(index)) cursor.fail(`group ${index} is named "${other}" and "${name}"`, at);
  }
  const numbers = names.get(name);
  if (!numbers) {
    names.set(name, [index]);
  } else if (!numbers.includes(index)) {
    if (!cursor.flags.duplicateNames) cursor.fail(`two groups are named "${name}"`, at);
    numbers.push(index);
  }
}

/** `(?i)` holds to the end of the enclosing group, `(?i:...)` inside. */
function parseSettingsGroup(cursor: Cursor, start: number): Item {
  const match = cursor.takeMatch(/(\^?)([A-Za-z]*)(?:(-)([A-Za-z]*))?([:)])/y);
  if (!match) return cursor.fail('what follows "(?" is not known to PCRE2', start);
  const outer = cursor.flags;
  const inner = applySettings(cursor, start, match[1] === '^', match[2]!, match[4], match[3] !== undefined);
  cursor.flags = inner;
  if (match[5] === ')') return { node: EMPTY, quantifiable: false };
  const node = parseBody(cursor, start);
  cursor.flags = outer;
  return quantifiable(node);
}

interface LookStart {
  readonly ahead: boolean;
  readonly negative: boolean;
}

const LOOK_SIGNS: Readonly<Record<string, LookStart>> = {
  '=': { ahead: true, negative: false },
  '!': { ahead: true, negative: true },
  '<=': { ahead: false, negative: false },
  '<!': { ahead: false, negative: true },
};

const LOOK_NAMES: Readonly<Record<string, LookStart>> = {
  pla: LOOK_SIGNS['=']!,
  positive_lookahead: LOOK_SIGNS['=']!,
  nla: LOOK_SIGNS['!']!,
  negative_lookahead: LOOK_SIGNS['!']!,
  plb: LOOK_SIGNS['<=']!,
  positive_lookbehind: LOOK_SIGNS['<=']!,
  nlb: LOOK_SIGNS['<!']!,
  negative_lookbehind: LOOK_SIGNS['<!']!,
};

function takeLookStart(cursor: Cursor, signs: Readonly<Record<string, LookStart>>): LookStart | undefined {
  const sign = Object.keys(signs).find((candidate) => cursor.take(candidate));
  return sign === undefined ? undefined : signs[sign];
}

function parseLook(cursor: Cursor, start: number, { ahead, negative }: LookStart): Look {
  cursor.lookDepth++;
  const branches = parseBranchList(cursor, false);
  takeEnd(cursor, start);
  cursor.lookDepth--;
  if (!ahead) checkFixedWidth(cursor, branches, start);
  return { kind: 'look', ahead, negative, branches };
}

function parseConditional(cursor: Cursor, start: number): Node {
  const condition = parseCondition(cursor, start);
  const branches = parseBranchList(cursor, false);
  takeEnd(cursor, start);
  if (branches.length > 2) cursor.fail('a conditional group has at most two branches', start);
  if (condition.kind === 'never' && branches.length > 1) cursor.fail('a DEFINE group has one branch', start);
  return { kind: 'conditional', condition, yes: branches[0]!, no: branches[1] ?? EMPTY };
}

/** Reads up to and including the parenthesis that closes the condition. */
function parseCondition(cursor: Cursor, start: number): Condition {
  if (cursor.take('?') || cursor.peek() === '*') {
    const look = cursor.take('*')
      ? takeNamedLook(cursor, cursor.takeMatch(/([a-z_]+):/y)?.[1])
      : takeLookStart(cursor, LOOK_SIGNS);
    if (!look) return cursor.fail('only a look-around may be a condition here', start);
    return { kind: 'look', look: parseLook(cursor, start, look) };
  }
  const match = cursor.takeMatch(/(?:([+-]?\d+)|<(\w+)>|'(\w+)'|VERSION(>?=)(\d+)(?:\.(\d{1,2}))?|(\w+(?:&\w+)?))\)/y);
  if (!match) return cursor.fail('the condition of a conditional group is not known', start);
  const [, number, angled, quoted, compare, major, minor, word] = match;
  if (number !== undefined) {
    const group = relativeGroup(cursor, number, start);
    cursor.checkGroup(group, start);
    return { kind: 'group', groups: [group] };
  }
  if (compare) return { kind: isVersion(compare, Number(major), minor) ? 'always' : 'never' };
  if (word === 'DEFINE') return { kind: 'never' };
  const name = angled ?? quoted ?? word!;
  if (word !== undefined) {
    const called = /^R(?:(\d*)|&(\w+))$/.exec(word);
    if (called) return parseCalled(cursor, called[1], called[2], start);
  }
  return { kind: 'group', groups: cursor.namedGroups(name, start) };
}

/** `(?(R)`, `(?(R1)`, `(?(R&name)`; a group that is really named `R` or `R1` comes first. */
function parseCalled(cursor: Cursor, digits: string | undefined, name: string | undefined, start: number): Condition {
  if (name !== undefined) {
    const numbers = cursor.namedGroups(name, start);
    return {
      kind: 'called',
      get group() {
        return numbers[0]!;
      },
    };
  }
  if (digits) cursor.checkGroup(Number(digits), start);
  return { kind: 'called', group: digits ? Number(digits) : undefined };
}

/** The version answered is 10.42. */
function isVersion(compare: string, major: number, minor = '0'): boolean {
  const wanted = major * 100 + Number(minor.padEnd(2, '0'));
  return compare === '=' ? wanted === 1042 : wanted <= 1042;
}

const VERBS: Readonly<Record<string, Verb>> = {
  ACCEPT: 'ACCEPT',
  FAIL: 'FAIL',
  F: 'FAIL',
  COMMIT: 'COMMIT',
  PRUNE: 'PRUNE',
  SKIP: 'SKIP',
};

/** `(*VERB)` and `(*name:...)`; the cursor is behind the star. */
function parseStar(cursor: Cursor, start: number): Item {
  const group = cursor.takeMatch(/([a-z_]+):/y);
  if (group) {
    const name = group[1]!;
    if (name === 'atomic') return quantifiable({ kind: 'atomic', child: parseBody(cursor, start) });
    const look = takeNamedLook(cursor, name);
    if (look) return quantifiable(parseLook(cursor, start, look));
    return cursor.fail(`"(*${name}:" is not supported`, start);
  }
  const verb = cursor.takeMatch(/([A-Z]*)(?::([^)]*))?\)/y);
  if (!verb) return cursor.fail('"(*" is not followed by a verb that PCRE2 knows', start);
  const name = verb[1]!;
  if (name === 'MARK' || name === '') return { node: EMPTY, quantifiable: false };
  const known = VERBS[name];
  if (!known || (known === 'SKIP' && verb[2] !== undefined)) cursor.fail(`the verb (*${name}) is not supported`, start);
  if (cursor.lookDepth > 0 && known !== 'FAIL') cursor.fail(`(*${name}) in a lookaround is not supported`, start);
  return { node: { kind: 'verb', name: known }, quantifiable: false };
}

function takeNamedLook(_cursor: Cursor, name: string | undefined): LookStart | undefined {
  return name === undefined ? undefined : LOOK_NAMES[name];
}

/** Settings that only a pattern's start may have; those that change what matches are refused. */
export function parseLeadingVerbs(cursor: Cursor): void {
  for (;;) {
    const start = cursor.at;
    const verb = cursor.takeMatch(
      /\(\*(UTF|UCP|NO_AUTO_POSSESS|NO_DOTSTAR_ANCHOR|NO_JIT|NO_START_OPT|NOTEMPTY|NOTEMPTY_ATSTART|LIMIT_(?:MATCH|DEPTH|HEAP|RECURSION)=\d+|LF|CR|CRLF|ANY|ANYCRLF|NUL|BSR_ANYCRLF|BSR_UNICODE)\)/y,
    );
    if (!verb) return;
    if (verb[1] === 'UTF') cursor.utf = true;
    else if (!/^(?:NO_|LIMIT_|LF$|BSR_UNICODE$)/.test(verb[1]!)) cursor.fail(`(*${verb[1]}) is not supported`, start);
  }
}
