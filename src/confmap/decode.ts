import type { z } from 'zod';
import type { ConfigDiagnostic, Place } from './diagnostics.ts';
import { type ConfigNode, emptyMap, isNull, placeOf, toValue } from './node.ts';
import { fillEmpty, type JsonSchema, knownKeys, schemasOf, toJsonSchema } from './schema-walk.ts';
import { suggest } from './suggest.ts';

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/**
 * Checks a part of the configuration against its schema and gives it its defaults; undefined when there are errors.
 * `base` is the path of the part from the root and `at` the place of its key, for messages.
 */
export function decode<Schema extends z.ZodType>(
  schema: Schema,
  written: ConfigNode,
  base: Path,
  at: Place,
  report: (diagnostic: ConfigDiagnostic) => void,
): z.output<Schema> | undefined {
  const json = toJsonSchema(schema);
  const node = { ...(isNull(written) ? emptyMap(at) : fillEmpty(written, [json])), place: at };
  const result = schema.safeParse(toValue(node));
  if (result.success) return result.data;
  for (const issue of result.error.issues) reportIssue(issue, [], { json, node, base, report });
  return undefined;
}

interface Context {
  readonly json: JsonSchema;
  readonly node: ConfigNode;
  readonly base: Path;
  readonly report: (diagnostic: ConfigDiagnostic) => void;
}

function reportIssue(issue: Issue, prefix: Path, context: Context): void {
  const path: Path = [...prefix, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) reportUnknownKey([...path, key], context);
    return;
  }
  if (issue.code === 'invalid_union' && !isMissing(issue, path, context)) {
    const branch = nearestBranch(issue.errors);
    if (branch !== undefined) {
      for (const inner of branch) reportIssue(inner, path, context);
      return;
    }
  }
  context.report({
    severity: 'error',
    code: codeOf(issue, path, context),
    path: [...context.base, ...path],
    place: placeOf(context.node, path),
    message: messageOf(issue, path, context),
  });
}

function reportUnknownKey(path: Path, { json, node, base, report }: Context): void {
  const key = String(path.at(-1));
  const known = knownKeys(path.slice(0, -1).reduce<JsonSchema[]>(schemasOf, [json]));
  const like = suggest(key, known);
  report({
    severity: 'error',
    code: 'unknown-key',
    path: [...base, ...path],
    place: placeOf(node, path),
    message: like ? `unknown key; did you mean "${like}"?` : 'unknown key',
    help: known.length > 0 ? `known here: ${known.join(', ')}` : undefined,
  });
}

/** The alternative that was meant: the one whose own outer type fits, so that its trouble lies further inside. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter(
    (branch) =>
      !branch.some(
        (issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'),
      ),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function isMissing(issue: Issue, path: Path, { node }: Context): boolean {
  const codes: (string | undefined)[] = ['invalid_type', 'invalid_union', 'invalid_value'];
  return codes.includes(issue.code) && path.length > 0 && nodeAt(node, path) === undefined;
}

function codeOf(issue: Issue, path: Path, context: Context): string {
  if (isMissing(issue, path, context)) return 'missing-key';
  return issue.code === 'invalid_type' || issue.code === 'invalid_union' ? 'wrong-type' : 'wrong-value';
}

function messageOf(issue: Issue, path: Path, context: Context): string {
  if (isMissing(issue, path, context)) return 'is required';
  const found = describe(nodeAt(context.node, path));
  if (issue.code === 'invalid_type') return `expected ${nameOf(issue.expected)}, found ${found}`;
  if (issue.code === 'invalid_union') {
    const expected = issue.errors.flatMap((branch) =>
      branch.flatMap((inner) => (inner.path.length === 0 ? expectation(inner) : [])),
    );
    if (expected.length > 0) return `expected ${[...new Set(expected)].join(' or ')}, found ${found}`;
  }
  if (issue.code === 'invalid_value') {
    const written = quote(nodeAt(context.node, path));
    return `expected ${expectation(issue).join(' or ')}, found ${written ?? found}`;
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') return sizeMessage(issue) ?? issue.message;
  return issue.message;
}

/** Limits of numbers, texts and lists in the words of the other messages; undefined for what has no such words. */
function sizeMessage(issue: Issue & { code: 'too_small' | 'too_big' }): string | undefined {
  const isSmall = issue.code === 'too_small';
  const limit = Number(isSmall ? issue.minimum : issue.maximum);
  const { origin } = issue;
  if (origin === 'number' || origin === 'int' || origin === 'bigint') {
    if (issue.inclusive) return isSmall ? `must be at least ${limit}` : `must be at most ${limit}`;
    return isSmall ? `must be more than ${limit}` : `must be less than ${limit}`;
  }
  const things = origin === 'string' ? 'characters' : origin === 'array' || origin === 'set' ? 'entries' : undefined;
  if (things === undefined) return undefined;
  if (isSmall && limit === 1) return 'must not be empty';
  return isSmall ? `needs at least ${limit} ${things}` : `may have at most ${limit} ${things}`;
}

/** A short text that stands where one of a few words must stand: such a place holds no secret. */
function quote(node: ConfigNode | undefined): string | undefined {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.value.length > 40) return undefined;
  return JSON.stringify(node.value);
}

function expectation(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [nameOf(issue.expected)];
  if (issue.code === 'invalid_value')
    return issue.values.map((value) => (typeof value === 'string' ? value : String(value)));
  return [];
}

function nameOf(type: string): string {
  if (type === 'object' || type === 'record') return 'a map';
  if (type === 'array') return 'a list';
  if (type === 'int') return 'a whole number';
  if (type === 'boolean') return 'true or false';
  return type === 'string' ? 'text' : `a ${type}`;
}

/** What was written, by kind alone: the value may be a secret. */
function describe(node: ConfigNode | undefined): string {
  if (node === undefined) return 'nothing';
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'sequence') return 'a list';
  if (node.value === null) return 'nothing';
  return nameOf(typeof node.value === 'bigint' ? 'number' : typeof node.value);
}

function nodeAt(root: ConfigNode, path: Path): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const part of path) {
    if (node?.kind === 'map') node = node.entries.get(String(part))?.value;
    else if (node?.kind === 'sequence') node = node.items[Number(part)];
    else return undefined;
  }
  return node;
}
