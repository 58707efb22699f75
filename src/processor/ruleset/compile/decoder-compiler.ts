import type { Diagnostic } from '../diagnostics.ts';
import { PatternError } from '../matcher/types.ts';
import type { DecoderAst, DecoderExpression, DecoderFileAst } from '../parse/ast.ts';
import { findNearest } from '../parse/nearest.ts';
import { quote } from '../parse/words.ts';
import type { Expressions } from './expressions.ts';
import { dynamicRef, staticRef, staticSlot } from './fields.ts';
import { explainPattern } from './pattern-help.ts';
import type { Compat, Decoder, Dialect, FieldRef, SearchStart } from './ruleset.ts';

/** Decoders written in C; rules name them in `decoded_as` (ruleset-engine 0). */
const INTERNAL_DECODERS: Record<Dialect, readonly string[]> = {
  wazuh: [
    'rootcheck',
    'syscheck_integrity_changed',
    'syscheck_new_entry',
    'syscheck_deleted',
    'syscheck_registry_key_modified',
    'syscheck_registry_key_added',
    'syscheck_registry_key_deleted',
    'syscheck_registry_value_modified',
    'syscheck_registry_value_added',
    'syscheck_registry_value_deleted',
    'hostinfo_new',
    'hostinfo_modified',
    'syscollector',
    'ciscat',
    'windows_eventchannel',
    'sca',
  ],
  ossec: [
    'rootcheck',
    'syscheck_integrity_changed',
    'syscheck_integrity_changed_2nd',
    'syscheck_integrity_changed_3rd',
    'syscheck_new_entry',
    'syscheck_deleted',
    'hostinfo_new',
    'hostinfo_modified',
  ],
};

export interface CompiledDecoders {
  readonly withProgram: Decoder[];
  readonly withoutProgram: Decoder[];
  readonly ids: Map<string, number>;
}

/** Decoder while the lists are built; one child may stand below several roots of one name. */
interface DecoderDraft {
  readonly ast: DecoderAst;
  readonly programName: Decoder['programName'];
  readonly prematch: Decoder['prematch'];
  readonly regex: Decoder['regex'];
  readonly children: DecoderDraft[];
  getNext: boolean;
  id: number;
  name: string;
}

export interface DecoderContext {
  readonly dialect: Dialect;
  readonly compat: Compat;
  readonly diagnostics: Diagnostic[];
  readonly expressions: Expressions;
  readonly incomplete: boolean;
}

/** Builds the two lists of root decoders with their children (ruleset-engine 2.8, 4.1). */
export function compileDecoders(files: readonly DecoderFileAst[], context: DecoderContext): CompiledDecoders {
  const builder = new DecoderBuilder(context);
  for (const file of files) for (const decoder of file.decoders) builder.add(decoder);
  return builder.finish();
}

class DecoderBuilder {
  readonly #context: DecoderContext;
  readonly #withProgram: DecoderDraft[] = [];
  readonly #withoutProgram: DecoderDraft[] = [];
  readonly #rootsByName = new Map<string, DecoderDraft[]>();
  readonly #ids = new Map<string, number>();

  constructor(context: DecoderContext) {
    this.#context = context;
  }

  #fatal(ast: DecoderAst, code: string, message: string, help: string, span = ast.span): void {
    const text = `decoder "${ast.name}": ${message}`;
    this.#context.diagnostics.push({ severity: 'fatal', code, message: text, help, span });
  }

  #idOf(name: string): number {
    const id = this.#ids.get(name) ?? this.#ids.size + 1;
    this.#ids.set(name, id);
    return id;
  }

  add(ast: DecoderAst): void {
    this.#idOf(ast.name);
    const draft = this.#compile(ast);
    if (ast.parent !== undefined) {
      this.#addChild(draft, ast.parent);
      return;
    }
    (draft.programName === undefined ? this.#withoutProgram : this.#withProgram).push(draft);
    const roots = this.#rootsByName.get(ast.name) ?? [];
    roots.push(draft);
    this.#rootsByName.set(ast.name, roots);
  }

  #compile(ast: DecoderAst): DecoderDraft {
    const { expressions } = this.#context;
    const { programName, prematch, regex } = ast;
    const guard = <T>(
      expression: DecoderExpression | undefined,
      build: (expression: DecoderExpression) => T,
    ): T | undefined => {
      if (expression === undefined) return undefined;
      try {
        return build(expression);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        const { text, language, span } = expression;
        this.#fatal(
          ast,
          'decoder-bad-pattern',
          `${quote(text)}: ${error.message}`,
          explainPattern(language, text),
          span,
        );
        return undefined;
      }
    };
    const compiledPrematch = guard(prematch, ({ language, text }) => expressions.searcher(language, text));
    const compiledRegex = guard(regex, ({ language, text }) => expressions.searcher(language, text));
    const order = (ast.order ?? []).map((name) => this.#fieldOf(name));
    return {
      ast,
      programName: guard(programName, ({ language, text }) => expressions.matcher(language, text)),
      prematch: compiledPrematch && { search: compiledPrematch, start: prematch?.offset ?? 'log' },
      regex: compiledRegex && { search: compiledRegex, start: regexStart(ast), order },
      children: [],
      getNext: false,
      id: 0,
      name: ast.name,
    };
  }

  #fieldOf(name: string): FieldRef {
    // OSSEC looks for this one word anywhere in the name.
    if (this.#context.dialect === 'ossec' && name.includes('filename')) return dynamicRef('filename');
    const slot = staticSlot(name, this.#context.dialect);
    return slot === undefined || slot === 'srcgeoip' || slot === 'dstgeoip' ? dynamicRef(name) : staticRef(slot);
  }

  #addChild(draft: DecoderDraft, parent: string): void {
    const roots = this.#rootsByName.get(parent);
    if (roots === undefined) {
      if (this.#context.incomplete) return;
      const near = findNearest(parent, this.#rootsByName.keys());
      const isChild = this.#ids.has(parent);
      this.#fatal(
        draft.ast,
        'decoder-unknown-parent',
        `parent ${quote(parent)} is ${isChild ? 'no root decoder' : 'not there'}`,
        isChild
          ? 'There are two levels only: name the root decoder, and load it before.'
          : near === undefined
            ? 'Load the file of the parent before; names compare byte for byte.'
            : `Did you mean "${near}"?`,
      );
      return;
    }
    for (const root of roots) {
      if (!this.#checkSiblings(draft, root)) return;
      root.children.push(draft);
    }
  }

  /** Children of one name are a chain of regexes: what only the first link may have, and what all must have. */
  #checkSiblings(draft: DecoderDraft, root: DecoderDraft): boolean {
    const { ast } = draft;
    let goesOn = false;
    for (const sibling of root.children) {
      if (sibling.ast.name !== ast.name) continue;
      if ((sibling.ast.prematch !== undefined || sibling.ast.regex !== undefined) && ast.regex?.offset !== undefined)
        goesOn = true;
      if (ast.prematch !== undefined) {
        this.#fatal(
          ast,
          'decoder-duplicate-prematch',
          'there is a decoder of that name below that parent already, and only the first may have a prematch',
          'Give it another name.',
        );
        return false;
      }
      if (ast.fts !== undefined) {
        this.#fatal(
          ast,
          'decoder-duplicate-fts',
          'only the first decoder of that name may have fts',
          'Move fts to the first one.',
        );
        return false;
      }
      if (!extracts(sibling.ast) || !extracts(ast)) {
        this.#fatal(
          ast,
          'decoder-chain-without-regex',
          'all decoders of that name below that parent need a regex',
          'Add one, or give it another name.',
        );
        return false;
      }
      sibling.getNext = true;
    }
    if (ast.regex?.offset === 'after_regex' && !goesOn) {
      this.#fatal(
        ast,
        'decoder-offset-without-regex',
        'offset after_regex, but no decoder of that name before it',
        'Put it behind a decoder of the same name and parent.',
      );
      return false;
    }
    return true;
  }

  finish(): CompiledDecoders {
    const { dialect, compat, diagnostics, incomplete } = this.#context;
    const lists = [this.#withoutProgram, this.#withProgram];
    const names = ['prematch and no program_name', 'program_name'];
    for (const name of INTERNAL_DECODERS[dialect]) this.#idOf(name);
    const missing = lists.findIndex((list) => list.length === 0);
    if (missing >= 0 && !incomplete) {
      // The original builds both lists and is at a loss with an empty one. Nobody depends on that.
      diagnostics.push({
        severity: dialect === 'wazuh' && compat === 'strict' ? 'fatal' : 'info',
        code: 'decoder-list-empty',
        message: `there is no root decoder with ${names[missing]}`,
        help: 'Wazuh and OSSEC need one of each kind; load the stock decoders.',
      });
    }
    // OSSEC then leaves all ids and names as they were written, if the list without program names is the empty one.
    const unnamed = dialect === 'ossec' && compat === 'strict' && this.#withoutProgram.length === 0;
    if (!unnamed) for (const list of lists) for (const root of list) this.#assignIds(root);
    const finished = new Map<DecoderDraft, Decoder>();
    const finishAll = (list: readonly DecoderDraft[]): Decoder[] => list.map((draft) => finishDecoder(draft, finished));
    return {
      withProgram: finishAll(this.#withProgram),
      withoutProgram: finishAll(this.#withoutProgram),
      ids: this.#ids,
    };
  }

  /** Children report their parent's name, and are it to rules, unless they ask for their own. */
  #assignIds(root: DecoderDraft): void {
    root.id = this.#idOf(root.name);
    for (const child of root.children) {
      if (child.ast.useOwnName) {
        child.id = this.#idOf(child.ast.name);
      } else {
        child.id = root.id;
        child.name = root.name;
      }
    }
  }
}

function extracts(ast: DecoderAst): boolean {
  return ast.regex !== undefined || ast.plugin !== undefined;
}

/** In a root there is nothing before its prematch, so that both words mean the text after it. */
function regexStart(ast: DecoderAst): SearchStart {
  const offset = ast.regex?.offset;
  if (offset === undefined) return 'log';
  return offset === 'after_prematch' && ast.parent === undefined ? 'after_parent' : offset;
}

function finishDecoder(draft: DecoderDraft, finished: Map<DecoderDraft, Decoder>): Decoder {
  const known = finished.get(draft);
  if (known !== undefined) return known;
  const { ast } = draft;
  const decoder: Decoder = {
    name: draft.name,
    ownName: ast.name,
    parent: ast.parent,
    id: draft.id,
    type: ast.type,
    programName: draft.programName,
    prematch: draft.prematch,
    regex: draft.regex,
    plugin: ast.plugin && { name: ast.plugin.name, start: ast.plugin.offset ?? 'log' },
    fts: ast.fts && { slots: new Set(ast.fts.slots), dynamic: ast.fts.dynamic },
    ftsComment: ast.ftsComment,
    accumulate: ast.accumulate,
    jsonNullField: ast.jsonNullField,
    jsonArrayStructure: ast.jsonArrayStructure,
    getNext: draft.getNext,
    children: draft.children.map((child) => finishDecoder(child, finished)),
    span: ast.span,
  };
  finished.set(draft, decoder);
  return decoder;
}
