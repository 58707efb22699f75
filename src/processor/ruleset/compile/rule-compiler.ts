import type { Diagnostic, SourceSpan } from '../diagnostics.ts';
import { PatternError } from '../matcher/types.ts';
import type { ExpressionLanguage, RuleAst, RuleElement, RuleStatement } from '../parse/ast.ts';
import { findNearest } from '../parse/nearest.ts';
import { Pieces } from '../parse/pieces.ts';
import { foldAscii, quote } from '../parse/words.ts';
import type { CompileContext } from './context.ts';
import { dynamicRef } from './fields.ts';
import { listField } from './list-field.ts';
import { listKey } from './lists.ts';
import { MitreBuilder } from './mitre.ts';
import { explainPattern } from './pattern-help.ts';
import { AbsentList, type RuleBody } from './rule-body.ts';
import type { CompiledRuleName } from './ruleset.ts';

const COMPILED_RULES: readonly CompiledRuleName[] = [
  'comp_srcuser_dstuser',
  'check_id_size',
  'comp_mswin_targetuser_calleruser_diff',
  'is_simple_http_request',
  'is_valid_crawler',
];

/** Pattern of one slot under construction. */
interface SlotDraft {
  readonly pieces: Pieces;
  language: ExpressionLanguage;
  negate: boolean;
  readonly span: SourceSpan;
  readonly element: string;
  readonly statement: Extract<RuleStatement, { kind: 'text' }>;
}

type TextPart =
  | 'group'
  | 'description'
  | 'info'
  | 'cve'
  | 'ifSid'
  | 'ifLevel'
  | 'ifGroup'
  | 'ifMatchedGroup'
  | 'ifMatchedRegex';

/**
 * Compiles what one rule says. Walks its elements in file order, as the original's loader does: what makes it drop the rule
 * ends the walk, so that later mistakes of the same rule do not count.
 */
export class RuleCompiler {
  readonly #context: CompileContext;
  readonly #ast: RuleAst;
  readonly #body: RuleBody;
  readonly #slots = new Map<string, SlotDraft>();
  readonly #addresses = new Map<'srcip' | 'dstip', { values: string[]; negate: boolean; span: SourceSpan }>();
  readonly #texts = new Map<TextPart, Pieces>();
  readonly #mitre: MitreBuilder;
  #dropped = false;
  #badAddress = false;

  constructor(context: CompileContext, ast: RuleAst, body: RuleBody) {
    this.#context = context;
    this.#ast = ast;
    this.#body = body;
    this.#texts.set('group', Pieces.ofRule(ast.groupName));
    this.#mitre = new MitreBuilder((diagnostic) => this.#report(diagnostic));
  }

  /** Undefined where the original drops the rule. After a fatal diagnostic the body is what is left of the rule. */
  compile(): RuleBody | undefined {
    if (this.#ast.elements.length === 0) {
      this.#fatal('rule-empty', 'rule holds nothing', 'Give it a description and a condition.', this.#ast.span);
    }
    for (const element of this.#ast.elements) {
      for (const problem of element.problems) this.#report(problem);
      if (element.statement.kind === 'skip') this.#dropped = true;
      else this.#take(element.statement, element);
      if (this.#dropped) break;
    }
    this.#finishTexts();
    if (this.#dropped) return undefined;
    this.#checkWhole();
    this.#compilePatterns();
    this.#body.mitre = this.#mitre.finish();
    return this.#body;
  }

  #report(diagnostic: Diagnostic): void {
    this.#context.diagnostics.push({ ...diagnostic, message: `rule ${this.#body.id}: ${diagnostic.message}` });
  }

  #fatal(code: string, message: string, help: string, span: SourceSpan): void {
    this.#report({ severity: 'fatal', code, message, help, span });
  }

  #drop(code: string, message: string, help: string, span: SourceSpan): void {
    this.#dropped = true;
    this.#report({ severity: 'warning', code, message: `${message}: the rule is dropped`, help, span });
  }

  #add(part: TextPart, text: string, element: RuleElement): void {
    const pieces = this.#texts.get(part) ?? Pieces.ofRule();
    this.#texts.set(part, pieces);
    if (!pieces.add(text)) this.#reportTooLong(element);
  }

  #reportTooLong(element: RuleElement): void {
    this.#report({
      severity: 'error',
      code: 'rule-text-too-long',
      message: `<${element.name}> has 2048 bytes or more: it is dropped, and the rule goes on without it`,
      help: 'Split it into several elements of that name: they are joined.',
      span: element.span,
    });
  }

  #take(statement: RuleStatement, element: RuleElement): void {
    const body = this.#body;
    const { span } = element;
    switch (statement.kind) {
      case 'invalid':
      case 'skip':
      case 'nothing':
        break;
      case 'text':
        this.#takeText(statement, element);
        break;
      case 'field':
        this.#takeField(statement, element);
        break;
      case 'address': {
        const address = this.#addresses.get(statement.slot) ?? { values: [], negate: false, span };
        address.values.push(statement.text);
        address.negate = statement.negate;
        this.#addresses.set(statement.slot, address);
        this.#checkAddress(statement.text, span);
        break;
      }
      case 'list':
        this.#takeList(statement, element);
        break;
      case 'decoded_as':
        this.#takeDecodedAs(statement.decoder, span);
        break;
      case 'category':
        body.category = statement.category;
        break;
      case 'time':
        body.time = { window: statement.window, span };
        break;
      case 'weekday':
        body.weekday = { days: statement.days, span };
        break;
      case 'compiled_rule':
        this.#takeCompiledRule(statement.name, span);
        break;
      case 'check_diff':
        body.contextual = true;
        body.checkDiff = span;
        break;
      case 'if_fts':
        body.ifFts = span;
        break;
      case 'if_sid':
      case 'if_level':
      case 'if_group':
        body.parentSpan = span;
        this.#add(
          ({ if_sid: 'ifSid', if_level: 'ifLevel', if_group: 'ifGroup' } as const)[statement.kind],
          statement.text,
          element,
        );
        break;
      case 'if_matched_sid':
        body.contextual = true;
        body.ifMatchedSid = statement.sid;
        body.parentSpan = span;
        break;
      case 'if_matched_group':
        body.contextual = true;
        body.parentSpan = span;
        this.#add('ifMatchedGroup', statement.text, element);
        break;
      case 'if_matched_regex':
        body.contextual = true;
        this.#add('ifMatchedRegex', statement.text, element);
        break;
      case 'same':
        body.same.add(statement.key);
        break;
      case 'different':
        body.different.add(statement.key);
        break;
      case 'unset_same':
        body.same.delete(statement.key);
        break;
      case 'same_field':
        body.sameFields.push(statement.field);
        break;
      case 'different_field':
        body.differentFields.push(statement.field);
        break;
      case 'global_frequency':
        body.globalFrequency = true;
        break;
      case 'options':
        this.#takeOption(statement.option);
        break;
      case 'ignore':
        body.ignore = mergeWords(body.ignore, statement.words);
        break;
      case 'check_if_ignored':
        body.checkIfIgnored = mergeWords(body.checkIfIgnored, statement.words);
        break;
      case 'group':
      case 'description':
      case 'info':
      case 'cve':
        this.#add(statement.kind, statement.text, element);
        break;
      case 'mitre':
        this.#mitre.add(statement.block, span);
        break;
    }
  }

  #takeText(statement: Extract<RuleStatement, { kind: 'text' }>, element: RuleElement): void {
    const key = statement.pcre2Form ? `${statement.slot}_pcre2` : statement.slot;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      const { language, negate } = statement;
      slot = {
        pieces: Pieces.ofRule(),
        language,
        negate,
        span: element.span,
        element: element.name.toLowerCase(),
        statement,
      };
      this.#slots.set(key, slot);
    }
    slot.language = statement.language;
    slot.negate = statement.negate;
    if (!slot.pieces.add(statement.text)) this.#reportTooLong(element);
  }

  #takeField(statement: Extract<RuleStatement, { kind: 'field' }>, element: RuleElement): void {
    const { decoderOrderSize } = this.#context.settings;
    if (this.#body.fields.length >= decoderOrderSize) {
      this.#fatal(
        'rule-too-many-fields',
        `rule has more than ${decoderOrderSize} <field> elements`,
        'Split the rule.',
        element.span,
      );
      return;
    }
    const matcher = this.#compile(statement.language, statement.text, element.name, element.span);
    if (matcher === undefined) return;
    const field = dynamicRef(statement.field);
    this.#body.fields.push({ kind: 'field', field, matcher, negate: statement.negate, span: element.span });
  }

  #takeList(statement: Extract<RuleStatement, { kind: 'list' }>, element: RuleElement): void {
    const { context, span } = { context: this.#context, span: element.span };
    const checkValue =
      statement.checkValue === undefined
        ? undefined
        : this.#compile('osmatch', statement.checkValue, element.name, span);
    const name = listKey(statement.path);
    const list = context.lists.get(name);
    const field = listField(statement.field, context.dialect);
    if (list === undefined) {
      const help = 'Add it to the configured lists under exactly this name.';
      const message = `list ${quote(statement.path)} is not configured`;
      if (context.dialect === 'wazuh') {
        this.#drop('rule-list-not-configured', message, help, span);
      } else {
        this.#report({
          severity: 'warning',
          code: 'rule-list-not-configured',
          message: `${message}: the rule never matches`,
          help,
          span,
        });
        // No look-up of a missing list succeeds, not even a negated one.
        this.#body.lists.push({
          kind: 'list',
          field,
          list: new AbsentList(name),
          lookup: 'match_key',
          checkValue,
          span,
        });
      }
      return;
    }
    const { lookup } = statement;
    this.#body.lists.push({ kind: 'list', field, list, lookup, checkValue, span });
  }

  #takeDecodedAs(name: string, span: SourceSpan): void {
    const id = this.#context.decoderIds.get(name);
    if (id !== undefined) {
      this.#body.decodedAs = { id, name, span };
      return;
    }
    if (this.#context.incomplete) return;
    const trimmed = name.trim();
    const near = this.#context.decoderIds.has(trimmed) ? trimmed : findNearest(name, this.#context.decoderIds.keys());
    const help =
      near === undefined
        ? 'Decoder names compare byte for byte; load the file that defines it.'
        : `Did you mean "${near}"? Names compare byte for byte, blanks included.`;
    this.#fatal('rule-unknown-decoder', `decoded_as names the unknown decoder ${quote(name)}`, help, span);
  }

  #takeCompiledRule(name: string, span: SourceSpan): void {
    const known = COMPILED_RULES.find((candidate) => candidate === name);
    if (known === undefined) {
      this.#fatal(
        'rule-unknown-compiled-rule',
        `compiled_rule ${quote(name)} is unknown`,
        `Known: ${COMPILED_RULES.join(', ')}.`,
        span,
      );
    } else {
      this.#body.compiledRule = { kind: 'compiled_rule', name: known, span };
    }
  }

  /** Switching a flag off that is on also brings the counter back: a mask of the original is a bit too short. */
  #takeOption(option: Extract<RuleStatement, { kind: 'options' }>['option']): void {
    const { flags } = this.#body;
    switch (option) {
      case 'alert_by_email':
        flags.mail = true;
        break;
      case 'no_email_alert':
        if (flags.mail) flags.noCounter = false;
        flags.mail = false;
        break;
      case 'log_alert':
        flags.log = true;
        break;
      case 'no_log':
        if (flags.log) flags.noCounter = false;
        flags.log = false;
        break;
      case 'no_ar':
        flags.noActiveResponse = true;
        break;
      case 'no_full_log':
        flags.noFullLog = true;
        break;
      case 'no_counter':
        flags.noCounter = true;
        break;
    }
  }

  #finishTexts(): void {
    const body = this.#body;
    const text = (part: TextPart): string | undefined => this.#texts.get(part)?.text;
    body.groupText = (text('group') ?? '').replaceAll('\n', '');
    body.foldedGroups = foldAscii(body.groupText);
    body.info = text('info');
    body.cve = text('cve');
    body.ifSid = text('ifSid');
    body.ifLevel = text('ifLevel');
    body.ifGroup = text('ifGroup');
    body.description = text('description') ?? '';
    if (this.#context.dialect === 'wazuh' && body.ifSid !== undefined && !/^[\d, ]+\n?$/.test(body.ifSid)) {
      const help = 'Only digits, commas and spaces are possible: no tabs, no line breaks.';
      this.#drop('rule-bad-if-sid', `if_sid ${quote(body.ifSid)} is no list of rule ids`, help, body.parentSpan);
    }
  }

  #checkWhole(): void {
    const body = this.#body;
    if (this.#context.dialect === 'wazuh' && this.#texts.get('description')?.text === undefined) {
      this.#fatal('rule-without-description', 'rule has no description', 'Add <description>.', this.#ast.span);
    }
    const comparing =
      body.same.size + body.different.size + body.sameFields.length + body.differentFields.length > 0 ||
      body.globalFrequency;
    if (!body.contextual && (comparing || body.frequency > 0)) {
      const what = body.frequency > 0 ? 'frequency' : 'same_..., different_... or global_frequency';
      this.#fatal(
        'rule-frequency-without-context',
        `${what} without if_matched_sid, if_matched_group or if_matched_regex`,
        'Say which past events count, with <if_matched_sid> for instance.',
        this.#ast.span,
      );
    }
  }

  #compilePatterns(): void {
    const body = this.#body;
    for (const [key, slot] of this.#slots) {
      const { text } = slot.pieces;
      if (text === undefined) continue;
      const matcher = this.#compile(slot.language, text, slot.element, slot.span);
      if (matcher === undefined) continue;
      const { element, negate, span } = slot;
      body.texts.set(key, { slot: slot.statement.slot, element, matcher, negate, span });
    }
    for (const [slot, { values, negate, span }] of this.#addresses) {
      if (!this.#badAddress)
        body.addresses.set(slot, { matcher: this.#context.expressions.addresses(values), negate, span });
    }
    const group = this.#texts.get('ifMatchedGroup')?.text;
    if (group !== undefined) {
      const matcher = this.#compile('osmatch', group, 'if_matched_group', body.parentSpan);
      if (matcher !== undefined) body.ifMatchedGroup = { text: group, matcher };
    }
    const regex = this.#texts.get('ifMatchedRegex')?.text;
    if (regex !== undefined) body.ifMatchedRegex = this.#compile('osregex', regex, 'if_matched_regex', this.#ast.span);
  }

  #checkAddress(text: string, span: SourceSpan): void {
    try {
      this.#context.expressions.addresses([text]);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      const help = /[|,]/.test(text)
        ? 'One address an element: several <srcip> elements are alternatives.'
        : 'Write an address, or one with a prefix as in 10.0.0.0/8.';
      this.#fatal('rule-bad-address', `${quote(text)}: ${error.message}`, help, span);
      this.#badAddress = true;
    }
  }

  #compile(language: ExpressionLanguage, pattern: string, element: string, span: SourceSpan) {
    try {
      return this.#context.expressions.matcher(language, pattern);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.#fatal(
        'rule-bad-pattern',
        `<${element}> ${quote(pattern)}: ${error.message}`,
        explainPattern(language, pattern),
        span,
      );
      return undefined;
    }
  }
}

function mergeWords(old: RuleBody['ignore'], added: NonNullable<RuleBody['ignore']>): RuleBody['ignore'] {
  // Slots add up; the original keeps only the last element's dynamic names.
  return { slots: [...new Set([...(old?.slots ?? []), ...added.slots])], dynamic: added.dynamic };
}
