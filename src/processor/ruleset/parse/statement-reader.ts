import type { Diagnostic } from '../diagnostics.ts';
import type {
  Dialect,
  ExpressionLanguage,
  IgnoreSlot,
  IgnoreWords,
  ListLookupName,
  MitreBlock,
  RuleStatement,
  XmlElement,
} from './ast.ts';
import { findNearest } from './nearest.ts';
import {
  CATEGORIES,
  IGNORE_WORDS,
  LANGUAGES,
  LOOKUPS,
  OPTIONS,
  OSSEC_LIST_FIELDS,
  STATIC_NAMES,
} from './rule-values.ts';
import { parseTime, parseWeekdays } from './time.ts';
import { attributeOf, quote, splitWords } from './words.ts';

/** Settings of the original that bound what a file may hold. */
export interface ParseLimits {
  /** `analysisd.decoder_order_size`: words of an `<order>` and of similar lists. */
  readonly orderSize: number;
}

/** Reads the statements that are more than their text, and complains about them. */
export class StatementReader {
  readonly #element: XmlElement;
  readonly #dialect: Dialect;
  readonly #limits: ParseLimits;
  readonly #problems: Diagnostic[];

  constructor(element: XmlElement, dialect: Dialect, limits: ParseLimits, problems: Diagnostic[]) {
    this.#element = element;
    this.#dialect = dialect;
    this.#limits = limits;
    this.#problems = problems;
  }

  #report(severity: Diagnostic['severity'], code: string, message: string, help?: string): void {
    const { span } = this.#element;
    this.#problems.push({ severity, code, message, span, ...(help === undefined ? {} : { help }) });
  }

  warn(code: string, message: string, help?: string): void {
    this.#report('warning', code, message, help);
  }

  fatal(code: string, message: string, help?: string): RuleStatement {
    this.#report('fatal', code, message, help);
    return { kind: 'invalid' };
  }

  /** Wazuh drops the rule with a warning, OSSEC stops. */
  skip(code: string, message: string): RuleStatement {
    if (this.#dialect === 'ossec') return this.fatal(code, message);
    this.warn(code, `${message}: the rule is dropped`);
    return { kind: 'skip' };
  }

  /** OSSEC has no `type`, and looks past it in silence. */
  readLanguage(fallback: ExpressionLanguage): ExpressionLanguage {
    const type = attributeOf(this.#element, 'type');
    if (type === undefined) return fallback;
    if (this.#dialect === 'ossec') {
      this.#report('info', 'rule-ignored-attribute', 'OSSEC ignores the attribute type', 'Use the form with _pcre2.');
      return fallback;
    }
    const name = type.value.toLowerCase();
    const language = Object.hasOwn(LANGUAGES, name) ? LANGUAGES[name] : undefined;
    if (language !== undefined) return language;
    this.warn(
      'rule-bad-type',
      `type ${quote(type.value)} is unknown, ${fallback} is used`,
      'Known: osregex, osmatch, pcre2.',
    );
    return fallback;
  }

  readNegate(): boolean {
    const negate = attributeOf(this.#element, 'negate');
    if (negate === undefined) return false;
    if (this.#dialect === 'ossec') {
      this.#report('info', 'rule-ignored-attribute', 'OSSEC ignores the attribute negate');
      return false;
    }
    const value = negate.value.toLowerCase();
    if (value !== 'yes' && value !== 'no') {
      this.warn('rule-bad-negate', `negate ${quote(negate.value)} is neither "yes" nor "no", "no" is used`);
    }
    return value === 'yes';
  }

  readField(): RuleStatement {
    const { content: text } = this.#element;
    if (this.#dialect === 'ossec') {
      const [first] = this.#element.attributes;
      if (first === undefined || first.name.toLowerCase() !== 'name') {
        return this.fatal('rule-field-without-name', '<field> has no name', 'Write <field name="...">.');
      }
      return { kind: 'field', field: first.value, text, language: 'osregex', negate: false };
    }
    const name = attributeOf(this.#element, 'name');
    if (name === undefined) {
      return this.fatal(
        'rule-field-without-name',
        '<field> has no name',
        'Write <field name="...">, "name" in small letters.',
      );
    }
    const lower = name.value.toLowerCase();
    if (STATIC_NAMES.has(lower)) {
      const element = lower === 'srcuser' || lower === 'dstuser' ? 'user' : lower;
      return this.fatal(
        'rule-field-is-static',
        `<field name="${name.value}"> cannot test a static field`,
        `Write <${element}> instead.`,
      );
    }
    const language = this.readLanguage('osregex');
    return { kind: 'field', field: name.value, text, language, negate: this.readNegate() };
  }

  readList(): RuleStatement {
    let field: string | undefined;
    let lookup: ListLookupName = 'match_key';
    let checkValue: string | undefined;
    for (const { name, value } of this.#element.attributes) {
      const lower = name.toLowerCase();
      if (lower === 'lookup') {
        const wanted = value.toLowerCase();
        if (!LOOKUPS.has(wanted)) {
          const near = findNearest(wanted, LOOKUPS);
          const help = near === undefined ? `Known: ${[...LOOKUPS].join(', ')}.` : `Did you mean "${near}"?`;
          return this.fatal('rule-list-bad-lookup', `lookup ${quote(value)} is unknown`, help);
        }
        lookup = wanted as ListLookupName;
      } else if (lower === 'field') {
        field = value;
      } else if (lower === 'check_value') {
        checkValue = value;
      } else {
        return this.fatal(
          'rule-list-unknown-attribute',
          `<list> has the unknown attribute "${name}"`,
          'Known: field, lookup, check_value.',
        );
      }
    }
    if (field === undefined) {
      return this.fatal(
        'rule-list-without-field',
        '<list> does not say which field it looks up',
        'Add field="srcip" or another field.',
      );
    }
    if (this.#dialect === 'ossec' && !OSSEC_LIST_FIELDS.has(field.toLowerCase())) {
      return this.fatal('rule-list-bad-field', `OSSEC cannot look up the field ${quote(field)} in a list`);
    }
    if (lookup.endsWith('match_key_value') && checkValue === undefined) {
      const never = lookup === 'match_key_value' ? 'never matches' : 'always matches';
      this.#report('info', 'rule-list-without-check-value', `lookup ${lookup} without check_value ${never}`);
    }
    return { kind: 'list', field, lookup, checkValue, path: this.#element.content };
  }

  readCategory(): RuleStatement {
    const category = CATEGORIES.find((name) => name === this.#element.content);
    if (category !== undefined) return { kind: 'category', category };
    return this.fatal(
      'rule-bad-category',
      `category ${quote(this.#element.content)} is unknown`,
      `Known, in small letters and without blanks: ${CATEGORIES.join(', ')}.`,
    );
  }

  readTime(): RuleStatement {
    const window = parseTime(this.#element.content);
    if (window !== undefined) return { kind: 'time', window };
    return this.fatal(
      'rule-bad-time',
      `time ${quote(this.#element.content)} is not understood`,
      'Write "8:30 - 18:00" or "6 pm - 8:30 am".',
    );
  }

  readWeekday(): RuleStatement {
    const days = parseWeekdays(this.#element.content);
    if (days !== undefined) return { kind: 'weekday', days };
    return this.fatal(
      'rule-bad-weekday',
      `weekday ${quote(this.#element.content)} is not understood`,
      'Write "monday, tuesday", "weekdays" or "weekends"; days cannot be negated.',
    );
  }

  readOption(): RuleStatement {
    const known = OPTIONS[this.#dialect];
    const option = known.find((name) => name === this.#element.content);
    if (option !== undefined) return { kind: 'options', option };
    const near = findNearest(this.#element.content.trim(), known);
    const help =
      near === undefined
        ? `Known: ${known.join(', ')}.`
        : `Did you mean "${near}"? One option an element, without blanks.`;
    return this.fatal('rule-bad-option', `option ${quote(this.#element.content)} is unknown`, help);
  }

  readIgnore(kind: 'ignore' | 'check_if_ignored'): RuleStatement {
    const words = this.#dialect === 'ossec' ? this.#readOssecIgnore() : this.#readWazuhIgnore();
    if (words !== undefined) return { kind, words };
    return this.fatal(
      'rule-bad-ignore',
      `${kind} ${quote(this.#element.content)} is not understood`,
      'Write names of fields with commas between: srcip, id.',
    );
  }

  /** OSSEC looks for the words anywhere in the text: `id` is found in "identity". */
  #readOssecIgnore(): IgnoreWords | undefined {
    const slots = IGNORE_WORDS.filter(([word]) => this.#element.content.includes(word)).map(([, slot]) => slot);
    return slots.length === 0 ? undefined : { slots, dynamic: [] };
  }

  #readWazuhIgnore(): IgnoreWords | undefined {
    const slots: IgnoreSlot[] = [];
    const dynamic: string[] = [];
    for (const word of splitWords(this.#element.content, this.#limits.orderSize)) {
      if (word === '') return undefined;
      const known = IGNORE_WORDS.find(([name]) => name === word);
      if (known === undefined) dynamic.push(word);
      else slots.push(known[1]);
    }
    return { slots, dynamic };
  }

  /** The text counts in any case; a wrong type is only complained about. */
  checkInfo(): void {
    const [first] = this.#element.attributes;
    if (first === undefined || this.#dialect === 'ossec') return;
    if (first.name.toLowerCase() !== 'type') {
      this.#report(
        'error',
        'rule-info-unknown-attribute',
        `<info> has the unknown attribute "${first.name}"`,
        'Only type is known.',
      );
    } else if (!['text', 'link', 'cve', 'osvdb'].includes(first.value)) {
      this.#report(
        'error',
        'rule-info-bad-type',
        `type ${quote(first.value)} of <info> is unknown`,
        'Known: text, link, cve, osvdb.',
      );
    }
  }

  readMitre(): MitreBlock {
    const ids: string[] = [];
    const tacticIds: string[] = [];
    const techniqueIds: string[] = [];
    let broken = false;
    if (this.#element.children.length === 0) {
      this.warn('rule-mitre-empty', '<mitre> is empty', 'Write <mitre><id>T1110</id></mitre>.');
      return { ids, tacticIds, techniqueIds, broken: true };
    }
    const targets = new Map([
      ['id', ids],
      ['tacticid', tacticIds],
      ['techniqueid', techniqueIds],
    ]);
    for (const child of this.#element.children) {
      const target = targets.get(child.name.toLowerCase());
      if (target === undefined) {
        broken = true;
        this.#report(
          'error',
          'rule-mitre-unknown-element',
          `<${child.name}> is no element of <mitre>`,
          'Known: id, or tacticID with techniqueID.',
        );
      } else if (child.content === '') {
        broken = true;
        this.warn('rule-mitre-empty', `<${child.name}> of <mitre> is empty`);
      } else {
        target.push(child.content);
      }
    }
    return { ids, tacticIds, techniqueIds, broken };
  }
}
