import { type Decoder, STATIC_FIELDS } from '../../processor/ruleset/compile/ruleset.ts';
import { parsePcre } from '../../processor/ruleset/matcher/pcre/parse.ts';
import { PatternError } from '../../processor/ruleset/matcher/types.ts';
import { type CompiledContext, placeOf } from './context.ts';

/** Decoders that can never run, or not in the way they are written. */
export function checkDecoders(context: CompiledContext): void {
  const { ruleset, allDecoders } = context;
  for (const roots of [ruleset.decoders.withProgram, ruleset.decoders.withoutProgram]) checkRootOrder(roots, context);
  const seen = new Set<Decoder>();
  for (const root of [...ruleset.decoders.withProgram, ...ruleset.decoders.withoutProgram]) {
    if (root.children.length > 0 && (root.regex || root.plugin)) {
      context.report(
        'warning',
        'decoder-root-regex-unused',
        `decoder ${root.ownName}: its ${root.regex ? 'regex' : 'plug-in'} never runs, since it has children (as ${root.children[0]!.ownName}, ${placeOf(root.children[0]!.span)})`,
        root.span,
        'Move it into a child of its own.',
      );
    }
    checkChildren(root, seen, context);
  }
  for (const decoder of allDecoders) checkOrder(decoder, context);
}

/** The first root whose gate opens is taken, and there is no way back. */
function checkRootOrder(roots: readonly Decoder[], { report }: CompiledContext): void {
  const before = new Map<string, Decoder>();
  for (const root of roots) {
    const program = matcherKey(root.programName);
    const full = `${program} ${matcherKey(root.prematch?.search)}`;
    const open = `${program} -`;
    const shadow = before.get(full) ?? before.get(open);
    if (shadow) {
      report(
        'warning',
        'decoder-unreachable',
        `decoder ${root.ownName} can never run: decoder ${shadow.ownName} (${placeOf(shadow.span)}) takes the same logs before`,
        root.span,
        'Give one of them a prematch that tells their logs apart, or make it a child of the other.',
      );
    }
    if (!before.has(full)) before.set(full, root);
  }
}

function matcherKey(matcher: { language: string; pattern: string } | undefined): string {
  return matcher === undefined ? '-' : JSON.stringify([matcher.language, matcher.pattern]);
}

function checkChildren({ children }: Decoder, seen: Set<Decoder>, { ruleset, report }: CompiledContext): void {
  const gates = new Map<string, Decoder>();
  const links = new Map<string, number>();
  let end: Decoder | undefined;
  for (const [index, child] of children.entries()) {
    const previous = index > 0 ? children[index - 1] : undefined;
    const isLink = previous?.getNext === true;
    const report1 = (code: 'decoder-unreachable' | 'decoder-chain-interrupted', message: string, help: string) => {
      if (!seen.has(child)) report('warning', code, `decoder ${child.ownName} ${message}`, child.span, help);
    };
    const chainStart = links.get(child.ownName);
    if (chainStart !== undefined && !isLink && !child.prematch) {
      report1(
        'decoder-chain-interrupted',
        `can never run: it goes on with a chain of its name, but ${previous!.ownName} (${placeOf(previous!.span)}) stands in between`,
        'Decoders of one name that belong together have to stand next to each other.',
      );
    } else if (end !== undefined && !isLink) {
      report1(
        'decoder-unreachable',
        `can never run: ${end.ownName} (${placeOf(end.span)}) has no prematch and ends the search among its siblings`,
        'Give that one a prematch, or put it last.',
      );
    } else if (child.prematch && !isLink) {
      const key = `${child.prematch.start} ${matcherKey(child.prematch.search)}`;
      const shadow = gates.get(key);
      if (shadow) {
        report1(
          'decoder-unreachable',
          `can never run: ${shadow.ownName} (${placeOf(shadow.span)}) has the same prematch and is tried before`,
          'Put both regexes into one chain (decoders of one name, next to each other), or tell them apart.',
        );
      } else gates.set(key, child);
    }
    if (!child.prematch && !isLink) {
      end ??= child;
      if (ruleset.dialect === 'wazuh') checkIgnored(child, seen, report);
    }
    if (!links.has(child.ownName)) links.set(child.ownName, index);
  }
  for (const child of children) seen.add(child);
}

/** A child that decides nothing leaves these to its parent. */
function checkIgnored(child: Decoder, seen: ReadonlySet<Decoder>, report: CompiledContext['report']): void {
  if (seen.has(child)) return;
  const ignored = [
    child.fts && 'fts',
    child.accumulate && 'accumulate',
    child.name === child.ownName && child.parent !== child.ownName && 'use_own_name',
    child.plugin && child.plugin.start !== 'log' && 'the offset of its plug-in',
    child.jsonNullField !== 'string' && 'json_null_field',
    child.jsonArrayStructure !== 'array' && 'json_array_structure',
  ].filter((word) => typeof word === 'string');
  if (ignored.length === 0) return;
  report(
    'info',
    'decoder-settings-ignored',
    `decoder ${child.ownName}: ${ignored.join(', ')} has no effect, since a child without prematch leaves the decision to its parent`,
    child.span,
    'Give it a prematch, or set it on the parent.',
  );
}

function checkOrder(decoder: Decoder, { ruleset, report }: CompiledContext): void {
  const { regex } = decoder;
  if (!regex) return;
  const captures = countCaptures(regex.search.language, regex.search.pattern, ruleset.dialect === 'ossec');
  const names = regex.order.length;
  if (captures !== undefined && captures < names) {
    const lost = regex.order.slice(captures).map(({ name }) => name);
    report(
      'warning',
      'decoder-order-mismatch',
      `decoder ${decoder.ownName}: its regex has ${captures} ${captures === 1 ? 'capture' : 'captures'} for ${names} names: ${lost.slice(0, 5).join(', ')} ${lost.length === 1 ? 'is' : 'are'} never set`,
      decoder.span,
      'Put parentheses around what belongs to each name of <order>.',
    );
  } else if (captures !== undefined && captures > names) {
    report(
      'info',
      'decoder-order-mismatch',
      `decoder ${decoder.ownName}: its regex has ${captures} captures for ${names} ${names === 1 ? 'name' : 'names'}: the last ones are dropped`,
      decoder.span,
      'Name them in <order>, or remove the parentheses.',
    );
  }
  for (const field of regex.order) {
    const lower = field.name.toLowerCase();
    if (field.kind !== 'dynamic' || lower === field.name) continue;
    if (lower !== 'user' && !(STATIC_FIELDS as readonly string[]).includes(lower)) continue;
    report(
      'info',
      'decoder-order-case',
      `decoder ${decoder.ownName}: "${field.name}" is a dynamic field, which <${lower}> does not see`,
      decoder.span,
      `Write "${lower}" in <order>; names of static fields are compared with their case.`,
    );
  }
}

/** Undefined where it cannot be told. */
function countCaptures(language: string, pattern: string, ossec: boolean): number | undefined {
  if (language === 'pcre2') {
    try {
      return parsePcre(pattern, { caseless: false, utf: false }).groups;
    } catch (error) {
      if (error instanceof PatternError) return undefined;
      throw error;
    }
  }
  if (language !== 'osregex' || ossec) return undefined;
  let most = 0;
  let count = 0;
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index];
    if (character === '\\') index++;
    else if (character === '(') count++;
    // Alternatives fill the names anew.
    else if (character === '|') count = 0;
    most = Math.max(most, count);
  }
  return most;
}
