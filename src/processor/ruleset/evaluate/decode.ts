import { type ChildIndex, MIN_CHILDREN } from '../compile/child-index.ts';
import { type LinkIndex, MANY_CHILDREN } from '../compile/link-index.ts';
import type { Decoder, Ruleset, SearchStart } from '../compile/ruleset.ts';
import type { SearchResult } from '../matcher/types.ts';
import type { ChildDecoders } from './child-decoders.ts';
import type { Event } from './event.ts';
import type { JsonDecoder } from './json-fields.ts';
import type { LinkStarts } from './link-starts.ts';
import type { LogScan } from './log-scan.ts';
import type { LimitLog } from './match.ts';
import { decodeJson } from './plugins/json.ts';
import { decodeOssecAlert } from './plugins/ossec-alert.ts';
import { decodePf } from './plugins/pf.ts';
import { decodeSonicWall } from './plugins/sonicwall.ts';
import { decodeSymantecWs } from './plugins/symantec-ws.ts';
import type { RootDecoders } from './root-decoders.ts';

/** Watches decoding: for explanations and coverage. */
export interface DecodeTracer {
  /** One test of a decoder; a plug-in always counts as matched. */
  decoded(decoder: Decoder, step: DecodeStep, matched: boolean): void;
  /** Indexes stay in use: decoders that they rule out are not shown. */
  readonly onlyAsked: boolean;
}

export type DecodeStep = 'program_name' | 'prematch' | 'regex' | 'plugin';

/** Rules decoders out without asking them. */
export interface DecodeIndex {
  readonly roots: RootDecoders;
  readonly childIndexes: ReadonlyMap<Decoder, ChildIndex>;
  readonly children: ChildDecoders;
  readonly json: JsonDecoder;
  readonly scan: LogScan;
  readonly links: ReadonlyMap<Decoder, LinkIndex>;
  readonly starts: LinkStarts;
}

/** What decoding needs beside the event. */
export interface DecodeContext {
  readonly ruleset: Ruleset;
  readonly limits: LimitLog;
  /** Chooses among root decoders and reads JSON; without it all are asked and all fields are made. */
  readonly index: DecodeIndex | undefined;
  readonly tracer: DecodeTracer | undefined;
}

/** Positions in `log` that offsets refer to; -1 where the text does not exist. */
interface Marks {
  afterParent: number;
  afterPrematch: number;
}

/**
 * Chooses the one root decoder whose program name and prematch fit, then at most one chain of its children
 * (ruleset-engine 4.2). There is no way back to another root.
 */
export function decodeEvent(event: Event, context: DecodeContext, refuseControl: boolean): void {
  const { ruleset, index, tracer } = context;
  const { log, programName } = event;
  // Who watches wants to see every decoder that is asked.
  if (index && (tracer === undefined || tracer.onlyAsked)) {
    const { roots } = index;
    roots.open(log, programName);
    for (let root = roots.next(); root; root = roots.next()) {
      if (decodeWith(event, context, root, refuseControl)) return;
    }
    return;
  }
  const { withProgram, withoutProgram } = ruleset.decoders;
  for (const root of programName === undefined ? withoutProgram : withProgram) {
    if (decodeWith(event, context, root, refuseControl)) return;
  }
}

/** Whether the root took the event; a refused control message is taken, too, but nothing is decoded. */
function decodeWith(event: Event, context: DecodeContext, root: Decoder, refuseControl: boolean): boolean {
  const { limits, tracer } = context;
  const { log, programName } = event;
  let afterRoot = -1;
  if (programName !== undefined) {
    const named = !root.programName || limits.test(root.programName, programName, root.ownName);
    tracer?.decoded(root, 'program_name', named);
    if (!named) return false;
    afterRoot = 0;
  }
  if (root.prematch) {
    const found = limits.search(root.prematch.search, log, 0, root.ownName);
    tracer?.decoded(root, 'prematch', found !== undefined);
    if (!found) return false;
    afterRoot = found.resume;
  }
  if (refuseControl && isControlDecoder(root, log)) return true;
  decide(event, root);
  const marks: Marks = { afterParent: -1, afterPrematch: afterRoot };
  if (root.children.length === 0) runChain(event, context, [root], 0, undefined, afterRoot, -1, marks);
  else decodeChildren(event, context, root, afterRoot, marks);
  nameDynamics(event, context.ruleset);
  return true;
}

/** `ossec: ...`, `wazuh: ...` and `otel-hids: ...` are what agents, managers and we say about ourselves. */
function isControlDecoder(root: Decoder, log: string): boolean {
  return root.type === 'ossec' && /^(?:ossec|wazuh|otel-hids): ?/i.test(log);
}

function decide(event: Event, decoder: Decoder): void {
  event.decoder = decoder;
  event.decoderName = decoder.name;
  event.decoderParent = decoder.parent;
  event.decoderId = decoder.id;
  event.category = decoder.type;
}

function decodeChildren(event: Event, context: DecodeContext, root: Decoder, afterRoot: number, marks: Marks): void {
  const { index, tracer } = context;
  const { children } = root;
  // Most roots have few children: to look them up in vain would take longer than all of them.
  const links = children.length >= MANY_CHILDREN ? index?.links.get(root) : undefined;
  if (links) index!.starts.open(links, event.log);
  // Who watches wants to see every decoder that is asked.
  const mayBeIndexed = index && children.length >= MIN_CHILDREN && (tracer === undefined || tracer.onlyAsked);
  const indexed = mayBeIndexed ? index.childIndexes.get(root) : undefined;
  if (indexed) {
    index!.children.open(indexed, event.log, afterRoot);
    for (let position = index!.children.next(); position >= 0; position = index!.children.next()) {
      if (decodeChild(event, context, children, position, links, afterRoot, marks)) return;
    }
    return;
  }
  for (let position = 0; position < children.length; position++) {
    if (decodeChild(event, context, children, position, links, afterRoot, marks)) return;
    // Whatever chain this child starts goes with it.
    while (children[position]!.getNext && position + 1 < children.length) position++;
  }
}

/** Whether the child, and what follows in its chain, took the event. */
function decodeChild(
  event: Event,
  context: DecodeContext,
  siblings: readonly Decoder[],
  position: number,
  links: LinkIndex | undefined,
  afterRoot: number,
  marks: Marks,
): boolean {
  const child = siblings[position]!;
  if (!child.prematch) {
    // The deciding decoder stays the root.
    runChain(event, context, siblings, position, links, afterRoot, afterRoot, marks);
    return true;
  }
  const from = child.prematch.start === 'after_parent' ? afterRoot : 0;
  const found = from < 0 ? undefined : context.limits.search(child.prematch.search, event.log, from, child.ownName);
  context.tracer?.decoded(child, 'prematch', found !== undefined);
  if (!found) return false;
  decide(event, child);
  marks.afterParent = afterRoot;
  marks.afterPrematch = found.resume;
  runChain(event, context, siblings, position, links, afterRoot, found.resume, marks);
  return true;
}

/** Runs a decoder and, while it says so, its next sibling; a link that does not match is skipped. */
function runChain(
  event: Event,
  context: DecodeContext,
  siblings: readonly Decoder[],
  index: number,
  links: LinkIndex | undefined,
  afterParent: number,
  afterPrematch: number,
  marks: Marks,
): void {
  const { ruleset, tracer } = context;
  const ossec = ruleset.dialect === 'ossec';
  let previous = -1;
  for (; index < siblings.length; index++) {
    // Most names of a long chain are not there: their decoders are not even looked at.
    if (links && tracer === undefined && context.index!.starts.isMissing(index)) {
      if (links.goesOn[index] === 0) return;
      if (ossec) previous = -1;
      continue;
    }
    const link = siblings[index]!;
    if (link.plugin) {
      tracer?.decoded(link, 'plugin', true);
      runPlugin(event, context, link, marks);
      if (ossec) return;
    } else if (link.regex) {
      const from = startOf(link.regex.start, afterParent, afterPrematch, previous);
      const found = from < 0 ? undefined : searchRegex(context, link, links, index, event.log, from);
      tracer?.decoded(link, 'regex', found !== undefined);
      if (found) {
        previous = found.resume;
        if (ossec) decide(event, link);
        if (event.dynamicCount >= ruleset.settings.decoderOrderSize) return;
        assign(event, link, found.captures, ossec);
      } else if (ossec) previous = -1;
    } else return;
    if (!link.getNext) return;
  }
}

/** Searches with a link's regex, unless the log is known not to hold what it needs. */
function searchRegex(
  { index, limits }: DecodeContext,
  link: Decoder,
  links: LinkIndex | undefined,
  position: number,
  log: string,
  from: number,
): SearchResult | undefined {
  const { search } = link.regex!;
  if (!links) return limits.search(search, log, from, link.ownName);
  const needs = links.needs[position];
  if (needs && !index!.scan.meets(needs)) return undefined;
  return limits.search(search, log, from, link.ownName, index!.starts.of(position));
}

function startOf(start: SearchStart, afterParent: number, afterPrematch: number, previous: number): number {
  switch (start) {
    case 'after_parent':
      return afterParent;
    case 'after_prematch':
      return afterPrematch;
    case 'after_regex':
      return previous >= 0 ? previous : afterPrematch;
    default:
      return 0;
  }
}

function assign(event: Event, link: Decoder, captures: readonly (string | undefined)[], ossec: boolean): void {
  const { order } = link.regex!;
  const count = Math.min(order.length, captures.length);
  for (let index = 0; index < count; index++) {
    const value = captures[index];
    if (value === undefined) continue;
    const ref = order[index]!;
    if (ref.kind === 'static') event.statics[ref.slot] = value;
    // Kept by position until the deciding decoder names it.
    else if (ossec) event.dynamicValues[index] = value;
    else event.addDynamic(ref.name, value, ref.key);
  }
}

/** OSSEC finds a dynamic field by the position its name has in the deciding decoder's order. */
function nameDynamics(event: Event, ruleset: Ruleset): void {
  if (ruleset.dialect !== 'ossec' || event.dynamics === undefined) return;
  const values = event.dynamicValues.splice(0);
  const order = event.decoder?.regex?.order ?? [];
  for (const [position, ref] of order.entries()) {
    const value = values[position];
    if (ref.kind === 'dynamic' && value !== undefined) event.addDynamic(ref.name, value, ref.key);
  }
}

function runPlugin(event: Event, { ruleset, index, tracer }: DecodeContext, link: Decoder, marks: Marks): void {
  switch (link.plugin!.name) {
    case 'JSON_Decoder': {
      // The deciding decoder's settings count, not those of the link that runs.
      const decider = event.decoder!;
      const start = decider.plugin?.start ?? 'log';
      const from = pluginStart(start, marks);
      if (from < 0) return;
      const options = {
        nullField: decider.jsonNullField,
        arrays: decider.jsonArrayStructure,
        maxFields: ruleset.settings.decoderOrderSize,
      };
      if (index && (tracer === undefined || tracer.onlyAsked) && index.json.decode(event, from, options)) return;
      decodeJson(event, from === 0 ? event.log : event.log.slice(from), options);
      return;
    }
    case 'PF_Decoder':
      decodePf(event);
      break;
    case 'SymantecWS_Decoder':
      decodeSymantecWs(event);
      break;
    case 'SonicWall_Decoder':
      decodeSonicWall(event);
      break;
    case 'OSSECAlert_Decoder':
      decodeOssecAlert(event, (id) => ruleset.rules.has(id));
      break;
  }
}

/** A plug-in that asks to start after a regex starts nowhere. */
function pluginStart(start: SearchStart, marks: Marks): number {
  if (start === 'log') return 0;
  if (start === 'after_parent') return marks.afterParent;
  return start === 'after_prematch' ? marks.afterPrematch : -1;
}
