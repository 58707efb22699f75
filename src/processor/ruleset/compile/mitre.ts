import type { Diagnostic, SourceSpan } from '../diagnostics.ts';
import type { MitreBlock } from '../parse/ast.ts';
import attack from './mitre.json' with { type: 'json' };
import type { MitreReference } from './rule-body.ts';
import type { Rule } from './ruleset.ts';

interface Attack {
  /** Tactic id to its name. */
  readonly tactics: Readonly<Record<string, string>>;
  /** Technique id to its name and the ids of its tactics. */
  readonly techniques: Readonly<Record<string, readonly string[]>>;
}

const ATTACK: Attack = attack;

/** Puts the `<mitre>` blocks of one rule together (ruleset-engine 2.8, 6.11). */
export class MitreBuilder {
  readonly #report: (diagnostic: Diagnostic) => void;
  #ids: string[] | undefined;
  #pairs: { tactic: string; technique: string }[] | undefined;

  constructor(report: (diagnostic: Diagnostic) => void) {
    this.#report = report;
  }

  add(block: MitreBlock, span: SourceSpan): void {
    if (block.broken) return;
    const { ids, tacticIds, techniqueIds } = block;
    const warn = (code: string, message: string, help: string) =>
      this.#report({ severity: 'warning', code, message, help, span });
    if (ids.length > 0 && tacticIds.length + techniqueIds.length > 0) {
      warn(
        'rule-mitre-mixed',
        '<mitre> mixes id with tacticID or techniqueID and is dropped',
        'Use one form, id for instance.',
      );
    } else if (ids.length > 0) {
      this.#addIds(ids, warn);
    } else if (tacticIds.length === 0 || techniqueIds.length === 0) {
      warn(
        'rule-mitre-incomplete',
        '<mitre> needs a tacticID and a techniqueID',
        'Or write <mitre><id>T1110</id></mitre>.',
      );
    } else if (tacticIds.length > 1 || techniqueIds.length > 1) {
      warn(
        'rule-mitre-several',
        '<mitre> holds more than one tacticID or techniqueID',
        'Write one <mitre> for each pair.',
      );
    } else {
      this.#addPair(tacticIds[0] ?? '', techniqueIds[0] ?? '', warn);
    }
  }

  #addIds(ids: readonly string[], warn: (code: string, message: string, help: string) => void): void {
    if (this.#pairs !== undefined) {
      warn('rule-mitre-mixed', 'the rule has both forms of <mitre>: id is dropped', 'Use one form in a rule.');
      this.#ids = undefined;
      return;
    }
    this.#ids = [...new Set([...(this.#ids ?? []), ...ids])];
  }

  #addPair(tactic: string, technique: string, warn: (code: string, message: string, help: string) => void): void {
    if (this.#ids !== undefined) {
      warn('rule-mitre-mixed', 'the rule has both forms of <mitre>: id is dropped', 'Use one form in a rule.');
      this.#ids = undefined;
    }
    this.#pairs ??= [];
    if (!this.#pairs.some((pair) => pair.tactic === tactic && pair.technique === technique)) {
      this.#pairs.push({ tactic, technique });
    }
  }

  finish(): MitreReference | undefined {
    if (this.#pairs !== undefined) return { form: 'pairs', pairs: this.#pairs };
    return this.#ids === undefined ? undefined : { form: 'techniques', ids: this.#ids };
  }
}

/** Names for the alert; tactics stay empty where no technique is known, and alerts then show no MITRE part. */
export function resolveMitre(reference: MitreReference | undefined): Rule['mitre'] {
  if (reference === undefined) return undefined;
  const tactic = new Set<string>();
  const technique: string[] = [];
  if (reference.form === 'techniques') {
    for (const id of reference.ids) {
      const [name, ...tacticIds] = techniqueOf(id);
      if (name === undefined) continue;
      technique.push(name);
      for (const tacticId of tacticIds) tactic.add(ATTACK.tactics[tacticId] ?? tacticId);
    }
    return { id: reference.ids, tactic: [...tactic], technique };
  }
  const id: string[] = [];
  for (const pair of reference.pairs) {
    const [name, ...tacticIds] = techniqueOf(pair.technique);
    if (name === undefined || !tacticIds.includes(pair.tactic)) continue;
    if (!id.includes(pair.technique)) {
      id.push(pair.technique);
      technique.push(name);
    }
    tactic.add(ATTACK.tactics[pair.tactic] ?? pair.tactic);
  }
  return { id, tactic: [...tactic], technique };
}

function techniqueOf(id: string): readonly string[] {
  return Object.hasOwn(ATTACK.techniques, id) ? (ATTACK.techniques[id] ?? []) : [];
}
