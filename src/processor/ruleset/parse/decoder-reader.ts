import type { Diagnostic, SourceSpan } from '../diagnostics.ts';
import type {
  CategoryName,
  DecoderAst,
  DecoderExpression,
  Dialect,
  ExpressionLanguage,
  FtsSlot,
  OffsetName,
  PluginDecoderName,
  XmlElement,
} from './ast.ts';
import { checkDecoder } from './decoder-checks.ts';
import { DECODER_ELEMENTS, DECODER_TYPES, FTS_WORDS, OFFSETS, PLUGINS, STATIC_ORDER_NAMES } from './decoder-tables.ts';
import { findNearest } from './nearest.ts';
import { Pieces } from './pieces.ts';
import type { ParseLimits } from './rule-statements.ts';
import { attributeOf, foldAscii, quote, splitWords } from './words.ts';

/** Pattern under construction: text of all pieces, language of the last one, offset of the first. */
class ExpressionDraft {
  readonly pieces = Pieces.ofDecoder();
  language: ExpressionLanguage;
  offset: OffsetName | undefined;
  span: SourceSpan | undefined;

  constructor(language: ExpressionLanguage) {
    this.language = language;
  }

  finish(): (DecoderExpression & { readonly offset: OffsetName | undefined }) | undefined {
    const { text } = this.pieces;
    if (text === undefined || this.span === undefined) return undefined;
    return { text, language: this.language, span: this.span, offset: this.offset };
  }
}

/** Reads the child elements of one `<decoder>` in file order, and checks what belongs together (ruleset-engine 1.5, 2.8). */
export class DecoderReader {
  readonly #name: string;
  readonly #element: XmlElement;
  readonly #dialect: Dialect;
  readonly #limits: ParseLimits;
  readonly #diagnostics: Diagnostic[];
  #failed = false;

  readonly #parent = Pieces.ofDecoder();
  readonly #ftsComment = Pieces.ofDecoder();
  readonly #programName = new ExpressionDraft('osmatch');
  readonly #programNamePcre2 = new ExpressionDraft('pcre2');
  readonly #prematch = new ExpressionDraft('osregex');
  readonly #prematchPcre2 = new ExpressionDraft('pcre2');
  readonly #regex = new ExpressionDraft('osregex');
  readonly #pcre2 = new ExpressionDraft('pcre2');
  #order: string[] | undefined;
  #type: CategoryName = 'syslog';
  #plugin: { name: PluginDecoderName; offset: OffsetName | undefined } | undefined;
  #hasFts = false;
  readonly #ftsSlots = new Set<FtsSlot>();
  /** Places in `<order>`; every `<fts>` starts a new set, as in the original. */
  #ftsPlaces = new Set<number>();
  #useOwnName = false;
  #accumulate = false;
  #jsonNullField: DecoderAst['jsonNullField'] = 'string';
  #jsonArrayStructure: DecoderAst['jsonArrayStructure'] = 'array';

  constructor(name: string, element: XmlElement, dialect: Dialect, limits: ParseLimits, diagnostics: Diagnostic[]) {
    this.#name = name;
    this.#element = element;
    this.#dialect = dialect;
    this.#limits = limits;
    this.#diagnostics = diagnostics;
  }

  read(): DecoderAst | undefined {
    for (const child of this.#element.children) this.#readChild(child);
    if (this.#failed) return undefined;
    const decoder = this.#assemble();
    checkDecoder(decoder, (code, message, help) => this.#report('fatal', code, message, decoder.span, help));
    return this.#failed ? undefined : decoder;
  }

  #report(severity: Diagnostic['severity'], code: string, message: string, span: SourceSpan, help?: string): void {
    if (severity === 'fatal') this.#failed = true;
    const text = `decoder "${this.#name}": ${message}`;
    this.#diagnostics.push({ severity, code, message: text, span, ...(help === undefined ? {} : { help }) });
  }

  #readChild(child: XmlElement): void {
    const lower = child.name.toLowerCase();
    const known = DECODER_ELEMENTS[this.#dialect].includes(lower) && (lower !== 'type' || child.name === 'type');
    switch (known ? lower : '') {
      case 'parent':
        this.#add(this.#parent, child);
        break;
      case 'program_name':
        this.#readProgramName(child);
        break;
      case 'program_name_pcre2':
        this.#addPattern(this.#programNamePcre2, child);
        break;
      case 'prematch':
        this.#readLocated(this.#prematch, child);
        break;
      case 'prematch_pcre2':
        this.#readLocated(this.#prematchPcre2, child);
        break;
      case 'regex':
        this.#readLocated(this.#regex, child);
        break;
      case 'pcre2':
        this.#readLocated(this.#pcre2, child);
        break;
      case 'order':
        this.#readOrder(child);
        break;
      case 'type':
        this.#readType(child);
        break;
      case 'plugin_decoder':
        this.#readPlugin(child);
        break;
      case 'fts':
        this.#readFts(child);
        break;
      case 'ftscomment':
        this.#add(this.#ftsComment, child);
        break;
      case 'use_own_name':
        if (child.content === 'true') this.#useOwnName = true;
        else
          this.#report(
            'info',
            'decoder-use-own-name-ignored',
            `use_own_name ${quote(child.content)} means no`,
            child.span,
            'Only "true" means yes.',
          );
        break;
      case 'accumulate':
        this.#accumulate = true;
        break;
      case 'json_null_field':
        this.#readJsonNullField(child);
        break;
      case 'json_array_structure':
        this.#readJsonArrayStructure(child);
        break;
      default:
        this.#reportUnknown(child);
    }
  }

  #reportUnknown(child: XmlElement): void {
    const lower = child.name.toLowerCase();
    const near = findNearest(lower, DECODER_ELEMENTS[this.#dialect]);
    let help = near === undefined ? 'Remove it; an unknown element stops the manager.' : `Did you mean <${near}>?`;
    if (this.#dialect === 'wazuh' && DECODER_ELEMENTS.ossec.includes(lower)) {
      help = `That is OSSEC's form; write <${lower === 'pcre2' ? 'regex' : lower.replace('_pcre2', '')} type="pcre2">.`;
    } else if (this.#dialect === 'ossec' && DECODER_ELEMENTS.wazuh.includes(lower)) {
      help = 'Wazuh knows this element, OSSEC does not.';
    }
    this.#report('fatal', 'decoder-unknown-element', `<${child.name}> is no element of a decoder`, child.span, help);
  }

  #add(pieces: Pieces, child: XmlElement): void {
    if (pieces.add(child.content)) return;
    this.#report(
      'error',
      'decoder-text-too-long',
      `<${child.name}> has more than 1023 bytes and is dropped`,
      child.span,
      'Make it shorter.',
    );
  }

  #addPattern(draft: ExpressionDraft, child: XmlElement): void {
    draft.span ??= child.span;
    this.#add(draft.pieces, child);
  }

  #readProgramName(child: XmlElement): void {
    this.#programName.language = this.#readLanguage(child, 'osmatch', ['osmatch', 'osregex', 'pcre2']);
    this.#addPattern(this.#programName, child);
  }

  /** `type` of the last piece counts for all. OSSEC knows no type. */
  #readLanguage(
    child: XmlElement,
    fallback: ExpressionLanguage,
    allowed: readonly ExpressionLanguage[],
  ): ExpressionLanguage {
    if (this.#dialect === 'ossec') return fallback;
    const type = attributeOf(child, 'type');
    if (type === undefined) return fallback;
    const language = allowed.find((name) => name === type.value.toLowerCase());
    if (language !== undefined) return language;
    this.#report(
      'warning',
      'decoder-bad-type',
      `type ${quote(type.value)} is not possible for <${child.name}>, ${fallback} is used`,
      type.span,
      `Possible: ${allowed.join(', ')}.`,
    );
    return fallback;
  }

  /** `prematch` and `regex` with their OSSEC forms: patterns with an offset, which only the first piece may carry. */
  #readLocated(draft: ExpressionDraft, child: XmlElement): void {
    const offset = this.#readOffset(child);
    if (offset !== undefined && draft.pieces.text !== undefined) {
      this.#report(
        'fatal',
        'decoder-second-offset',
        `only the first <${child.name}> may have an offset`,
        child.span,
        'Give the further ones none: they add to the first.',
      );
    }
    draft.offset = offset ?? draft.offset;
    if (draft.language !== 'pcre2' || this.#dialect === 'wazuh') {
      draft.language = this.#readLanguage(child, 'osregex', ['osregex', 'pcre2']);
    }
    this.#addPattern(draft, child);
  }

  #readOffset(child: XmlElement): OffsetName | undefined {
    const lower = child.name.toLowerCase();
    const attribute = this.#dialect === 'ossec' ? child.attributes[0] : attributeOf(child, 'offset');
    if (attribute === undefined) return undefined;
    const offset = OFFSETS.find((name) => name === attribute.value.toLowerCase());
    if (offset !== undefined && attribute.name.toLowerCase() === 'offset') return offset;
    const message = `<${child.name}> has ${attribute.name}=${quote(attribute.value)}`;
    const help = `Known offsets: ${OFFSETS.join(', ')}.`;
    // Wazuh takes no offset then, with a complaint; for a plug-in it stops, and so does OSSEC always.
    const severity =
      this.#dialect === 'ossec' || lower === 'plugin_decoder' ? 'fatal' : lower === 'regex' ? 'warning' : 'error';
    this.#report(severity, 'decoder-bad-offset', message, attribute.span, help);
    return undefined;
  }

  #readOrder(child: XmlElement): void {
    const { orderSize } = this.#limits;
    const commas = child.content.split(',').length - 1;
    if (commas >= orderSize) {
      this.#report('fatal', 'decoder-order-too-long', `<order> has more than ${orderSize} names`, child.span);
      return;
    }
    const order = splitWords(child.content, orderSize);
    if (order.includes('')) {
      this.#report(
        'fatal',
        'decoder-empty-order-word',
        `<order> ${quote(child.content)} has an empty name`,
        child.span,
        'Remove the comma too many.',
      );
    }
    this.#order = order;
  }

  #readType(child: XmlElement): void {
    const type = DECODER_TYPES.find((name) => name === child.content);
    if (type === undefined) {
      this.#report(
        'fatal',
        'decoder-bad-category',
        `type ${quote(child.content)} is unknown`,
        child.span,
        `Known: ${DECODER_TYPES.join(', ')}.`,
      );
    } else {
      this.#type = type;
    }
  }

  #readPlugin(child: XmlElement): void {
    const known = PLUGINS[this.#dialect];
    const name = known.find((plugin) => plugin === child.content) ?? this.#plugin?.name;
    if (name === undefined) {
      this.#report(
        'fatal',
        'decoder-unknown-plugin',
        `plug-in ${quote(child.content)} is unknown`,
        child.span,
        `Known: ${known.join(', ')}.`,
      );
      return;
    }
    this.#plugin = { name, offset: this.#dialect === 'ossec' ? undefined : this.#readOffset(child) };
  }

  /**
   * Words that are no slots must be dynamic names of the `<order>` above; the original looks only up to the first static name
   * in it, and not at all without an `<order>` above.
   */
  #readFts(child: XmlElement): void {
    this.#hasFts = true;
    this.#ftsPlaces = new Set();
    for (const word of splitWords(child.content, this.#limits.orderSize)) {
      if (word === '') {
        this.#report(
          'fatal',
          'decoder-empty-fts-word',
          `<fts> ${quote(child.content)} has an empty name`,
          child.span,
          'Remove the comma too many.',
        );
        continue;
      }
      const slot = FTS_WORDS.get(word);
      if (slot !== undefined) {
        this.#ftsSlots.add(slot);
        continue;
      }
      if (this.#order === undefined) {
        this.#report(
          'info',
          'decoder-fts-word-ignored',
          `fts name ${quote(word)} is ignored`,
          child.span,
          'Put <order> before <fts>.',
        );
        continue;
      }
      const firstStatic = this.#order.findIndex((name) => STATIC_ORDER_NAMES.has(name));
      const dynamic = firstStatic < 0 ? this.#order : this.#order.slice(0, firstStatic);
      const place = dynamic.findIndex((name) => foldAscii(name) === foldAscii(word));
      if (place < 0) {
        const help = this.#order.some((name) => foldAscii(name) === foldAscii(word))
          ? 'In <order>, put it before the first static name.'
          : 'Only names of its own <order> and the static ones are possible.';
        this.#report('fatal', 'decoder-unknown-fts-word', `fts name ${quote(word)} is unknown`, child.span, help);
      } else {
        this.#ftsPlaces.add(place);
      }
    }
  }

  #readJsonNullField(child: XmlElement): void {
    const value = child.content.toLowerCase();
    this.#jsonNullField = value === 'discard' ? 'discard' : 'string';
    if (value === 'discard' || value === 'string') return;
    const code = value === 'empty' ? 'decoder-deprecated-value' : 'decoder-bad-value';
    this.#report(
      'warning',
      code,
      `json_null_field ${quote(child.content)} means string`,
      child.span,
      'Known: string, discard.',
    );
  }

  #readJsonArrayStructure(child: XmlElement): void {
    const value = child.content.toLowerCase();
    this.#jsonArrayStructure = value === 'csv' ? 'csv' : 'array';
    if (value === 'csv' || value === 'array') return;
    this.#report(
      'warning',
      'decoder-bad-value',
      `json_array_structure ${quote(child.content)} means array`,
      child.span,
      'Known: array, csv.',
    );
  }

  /** Plain forms win over the ones with pcre2 in their name. */
  #assemble(): DecoderAst {
    const order = this.#order;
    const dynamic = [...this.#ftsPlaces].sort((a, b) => a - b).map((place) => order?.[place] ?? '');
    return {
      name: this.#name,
      parent: this.#parent.text,
      type: this.#type,
      programName: this.#programName.finish() ?? this.#programNamePcre2.finish(),
      prematch: this.#prematch.finish() ?? this.#prematchPcre2.finish(),
      regex: this.#regex.finish() ?? this.#pcre2.finish(),
      order,
      plugin: this.#plugin,
      fts:
        this.#hasFts && this.#ftsSlots.size + dynamic.length > 0 ? { slots: [...this.#ftsSlots], dynamic } : undefined,
      ftsComment: this.#ftsComment.text,
      useOwnName: this.#useOwnName,
      accumulate: this.#accumulate,
      jsonNullField: this.#jsonNullField,
      jsonArrayStructure: this.#jsonArrayStructure,
      span: this.#element.span,
    };
  }
}
