import type { Condition, Decoder, FieldRef, Rule, StaticField } from '../../processor/ruleset/compile/ruleset.ts';
import type { SourceSpan } from '../../processor/ruleset/diagnostics.ts';
import type { CompiledContext } from './context.ts';

/** Field names in lower case; `any` where a plug-in may set whatever the log holds. */
type Fields = ReadonlySet<string> | 'any';
type DecoderIds = ReadonlySet<number> | 'any';

const MAX_DECODERS = 64;
/** What the accumulator may fill. */
const ACCUMULATED: readonly StaticField[] = ['dstuser', 'srcuser', 'dstip', 'srcip', 'dstport', 'srcport', 'data'];

/** Fields that rules and descriptions name, but no decoder that can bring them an event sets. */
export function checkFields(context: CompiledContext): void {
  const { compiled, report } = context;
  const settable = collectFields(context);
  const everything = union([...settable.values()]);
  const deciders = collectDeciders(context);
  for (const rule of compiled) {
    const ids = deciders.get(rule) ?? 'any';
    const fields = ids === 'any' ? everything : union([...ids].map((id) => settable.get(id) ?? 'any'));
    if (fields === 'any') continue;
    for (const [name, span] of neededFields(rule)) {
      if (fields.has(name.toLowerCase())) continue;
      report(
        'warning',
        'rule-field-unset',
        `rule ${rule.id} can never match: no decoder whose events get there sets ${name}`,
        span,
        /geoip$/.test(name)
          ? 'Addresses are not looked up in a GeoIP database here.'
          : 'Check the spelling against <order> of the decoder, and the decoder that decoded_as names above.',
      );
    }
    for (const part of rule.description.parts ?? []) {
      if (!('field' in part) || part.field.kind === 'event' || fields.has(part.field.name.toLowerCase())) continue;
      const { name } = part.field;
      report(
        'warning',
        'description-field-unset',
        `rule ${rule.id}: $(${name}) stays empty, since no decoder whose events get there sets it`,
        rule.span,
        name === 'user'
          ? 'Write $(dstuser) or $(srcuser): descriptions do not know "user".'
          : 'Check the spelling against <order> of the decoder.',
      );
    }
  }
}

/** What each decoder's events can carry. */
function collectFields({ ruleset, allDecoders }: CompiledContext): Map<number, Fields> {
  const fields = new Map<number, Fields>();
  const add = (id: number, from: Decoder) => {
    const before = fields.get(id) ?? new Set<string>();
    fields.set(id, union([before, fieldsOf(from)]));
  };
  for (const root of [...ruleset.decoders.withProgram, ...ruleset.decoders.withoutProgram]) {
    add(root.id, root);
    for (const child of root.children) {
      add(root.id, child);
      if (child.id === root.id) continue;
      // A child under its own name may go on with a chain.
      for (const link of root.children) if (link.ownName === child.ownName) add(child.id, link);
    }
  }
  for (const decoder of allDecoders) {
    if (decoder.accumulate) fields.set(decoder.id, union([fields.get(decoder.id) ?? new Set(), new Set(ACCUMULATED)]));
  }
  return fields;
}

function fieldsOf({ regex, plugin }: Decoder): Fields {
  if (plugin) return 'any';
  return new Set(regex?.order.map(({ name }) => name.toLowerCase()));
}

function union(all: readonly Fields[]): Fields {
  const names = new Set<string>();
  for (const fields of all) {
    if (fields === 'any') return 'any';
    for (const name of fields) names.add(name);
  }
  return names;
}

/** The decoders whose events can get to each rule: `decoded_as` of the rule itself or of those above it. */
function collectDeciders({ compiled, parents }: CompiledContext): Map<Rule, DecoderIds> {
  const deciders = new Map<Rule, DecoderIds>();
  for (const rule of compiled) {
    const own = rule.conditions.find((condition) => condition.kind === 'decoded_as');
    if (own?.kind === 'decoded_as') {
      deciders.set(rule, new Set([own.decoderId]));
      continue;
    }
    const ids = new Set<number>();
    let any = false;
    for (const parent of parents.get(rule) ?? []) {
      const above = deciders.get(parent);
      if (above === undefined || above === 'any') any = true;
      else for (const id of above) ids.add(id);
    }
    deciders.set(rule, any || ids.size === 0 || ids.size > MAX_DECODERS ? 'any' : ids);
  }
  return deciders;
}

/** Fields without which the rule cannot hold. */
function* neededFields(rule: Rule): Iterable<[name: string, span: SourceSpan]> {
  for (const condition of rule.conditions) {
    const ref = fieldOf(condition);
    if (ref !== undefined) yield [ref, condition.span];
  }
  if (!rule.correlation) return;
  for (const key of rule.correlation.same) {
    if (key !== 'location') yield [key === 'user' ? 'dstuser' : key, rule.span];
  }
  for (const name of rule.correlation.sameFields) yield [name, rule.span];
}

function fieldOf(condition: Condition): string | undefined {
  switch (condition.kind) {
    case 'field':
      return condition.field.name;
    case 'address':
      return condition.element;
    case 'list':
      return condition.field.kind === 'event' ? undefined : (condition.field satisfies FieldRef).name;
    case 'text': {
      const { source } = condition;
      // `user` is one of two fields: too much to tell.
      const given = source === 'log' || source === 'program_name' || source === 'location' || source === 'hostname';
      return given || source === 'user' ? undefined : source;
    }
    default:
      return undefined;
  }
}
