import type { Diagnostic, SourceSpan } from '../diagnostics.ts';
import type { RuleAst, RuleAttributes, RuleFileAst } from '../parse/ast.ts';
import { readInt } from '../parse/words.ts';
import type { CompileContext } from './context.ts';
import type { RuleBody } from './rule-body.ts';
import { RuleCompiler } from './rule-compiler.ts';
import { RuleDraft } from './rule-draft.ts';
import { FIRST_CHILD_ID, RuleTree } from './rule-tree.ts';
import { compileWordMatch } from './word-match.ts';

export interface LoadedRules {
  readonly tree: RuleTree;
  /** Largest stored frequency of any rule read, dropped ones too. */
  readonly maxFrequency: number;
}

/** Loads rules in file order: each sees only those before it (ruleset-engine 2.5 to 2.7, 6.1, 6.9). */
export function loadRules(files: readonly RuleFileAst[], context: CompileContext): LoadedRules {
  const loader = new RuleLoader(context);
  for (const file of files) {
    for (const rule of file.rules) loader.load(rule);
  }
  return { tree: loader.tree, maxFrequency: loader.maxFrequency };
}

class RuleLoader {
  readonly tree = new RuleTree();
  maxFrequency = 0;
  #overgrown = false;
  readonly #context: CompileContext;

  constructor(context: CompileContext) {
    this.#context = context;
  }

  load(ast: RuleAst): void {
    this.#context.diagnostics.push(...ast.problems);
    const { attributes } = ast;
    if (attributes === undefined) return;
    const existing = this.tree.find(attributes.id);
    const overwrite = this.#decideOverwrite(ast, attributes, existing);
    if (overwrite === undefined) return;
    this.maxFrequency = Math.max(this.maxFrequency, attributes.frequency);
    const compiler = new RuleCompiler(this.#context, ast, this.#newBody(ast, attributes));
    const body = compiler.compile();
    if (body === undefined) return;
    if (existing !== undefined && overwrite && (body.id >= FIRST_CHILD_ID || this.#context.compat === 'default')) {
      this.#overwrite(existing, body);
    } else {
      this.#place(body);
    }
  }

  /** Undefined where the rule is not loaded at all. */
  #decideOverwrite(ast: RuleAst, attributes: RuleAttributes, existing: RuleDraft | undefined): boolean | undefined {
    const { id } = attributes;
    const { dialect } = this.#context;
    if (existing === undefined) {
      if (!attributes.overwrite) return false;
      const missing = `rule ${id} is to be overwritten, but there is none yet`;
      if (dialect === 'ossec') {
        this.#report(
          'fatal',
          'rule-overwrite-unknown',
          missing,
          'Load the file of the first definition before.',
          ast.span,
        );
      } else if (!this.#context.incomplete) {
        const help = 'Remove overwrite="yes", or load the file of the first definition before.';
        this.#report('warning', 'rule-overwrite-unknown', `${missing}: it is loaded as a new rule`, help, ast.span);
      }
      return false;
    }
    if (attributes.overwrite) return true;
    const place = `${existing.body.span.file}:${existing.body.span.line}`;
    const addon = this.#context.isAddon(ast.file.path);
    const severity = dialect === 'ossec' ? 'fatal' : 'warning';
    this.#report(
      severity,
      addon ? 'addon-rule-id-clash' : 'rule-duplicate-id',
      `rule id ${id} is taken already (${place})${severity === 'warning' ? ': the later rule is dropped' : ''}`,
      addon
        ? 'Ids 199000 to 199999 belong to the health add-on; give your rule another one.'
        : 'Give it another id, or overwrite="yes" if it shall replace the first one.',
      ast.span,
    );
    return undefined;
  }

  #report(severity: Diagnostic['severity'], code: string, message: string, help: string, span: SourceSpan): void {
    this.#context.diagnostics.push({ severity, code, message, help, span });
  }

  #newBody(ast: RuleAst, attributes: RuleAttributes): RuleBody {
    const { settings } = this.#context;
    const { id, level, frequency } = attributes;
    const scaled = level === 0 ? 99 : level;
    return {
      id,
      level,
      key: attributes.accurate ? scaled * 100 : scaled,
      noalert: attributes.noalert,
      maxsize: attributes.maxsize,
      frequency,
      timeframe: attributes.timeframe ?? settings.defaultTimeframe,
      ignoreSeconds: attributes.ignore,
      category: 'syslog',
      groupText: ast.groupName,
      foldedGroups: '',
      description: '',
      info: undefined,
      cve: undefined,
      mitre: undefined,
      flags: {
        log: settings.alertLevel <= level,
        mail: settings.emailLevel <= level,
        noFullLog: false,
        noCounter: false,
        noActiveResponse: false,
      },
      decodedAs: undefined,
      texts: new Map(),
      fields: [],
      addresses: new Map(),
      lists: [],
      compiledRule: undefined,
      time: undefined,
      weekday: undefined,
      checkDiff: undefined,
      ifFts: undefined,
      contextual: false,
      globalFrequency: false,
      same: new Set(),
      different: new Set(),
      sameFields: [],
      differentFields: [],
      ignore: undefined,
      checkIfIgnored: undefined,
      ifSid: undefined,
      ifLevel: undefined,
      ifGroup: undefined,
      ifMatchedSid: 0,
      ifMatchedGroup: undefined,
      ifMatchedRegex: undefined,
      file: ast.file,
      span: ast.span,
      parentSpan: ast.span,
    };
  }

  #place(body: RuleBody): void {
    // Rules that only name past events hang below those, unless they say otherwise.
    if (body.ifMatchedGroup !== undefined && body.ifSid === undefined && body.ifGroup === undefined) {
      body.ifGroup = body.ifMatchedGroup.text;
    }
    if (body.ifMatchedSid !== 0 && body.ifSid === undefined && body.ifGroup === undefined) {
      body.ifSid = String(body.ifMatchedSid);
    }
    const rule = new RuleDraft(body);
    if (body.id < FIRST_CHILD_ID) {
      this.tree.addRoot(rule);
    } else {
      if (!this.#attach(rule)) {
        rule.detach();
        return;
      }
      this.tree.register(rule);
      this.#checkSize(rule);
    }
    this.#link(rule);
  }

  #checkSize(rule: RuleDraft): void {
    if (!this.tree.overgrown || this.#overgrown) return;
    this.#overgrown = true;
    this.#report(
      'fatal',
      'rule-tree-too-large',
      `rule ${rule.id}: the tree of rules has grown out of bounds`,
      'Groups match themselves: a rule with if_group must not belong to a group that its own if_group finds.',
      rule.body.parentSpan,
    );
  }

  #attach(rule: RuleDraft): boolean {
    const { body } = rule;
    if (body.ifSid !== undefined) return this.#attachToSids(rule, body.ifSid);
    if (body.ifLevel !== undefined) return this.#attachToLevel(rule, body.ifLevel);
    if (body.ifGroup !== undefined) return this.#attachToGroup(rule, body.ifGroup);
    if (this.tree.attachToCategory(rule)) return true;
    return this.#reject(
      'rule-without-root',
      `there is no root rule (id below 10) of category ${body.category}`,
      'Load the template rules 1 to 7 first.',
      body.span,
    );
  }

  /** Wazuh goes on without the rule, OSSEC stops. */
  #reject(code: string, message: string, help: string, span: SourceSpan, rule?: RuleDraft): false {
    if (this.#context.incomplete) return false;
    const text = rule === undefined ? message : `rule ${rule.id}: ${message}`;
    if (this.#context.dialect === 'ossec') this.#report('fatal', code, text, help, span);
    else this.#report('warning', code, `${text}: the rule is dropped, and what hangs below it`, help, span);
    return false;
  }

  /**
   * Walks the text as the original does: a number counts where it starts, and the end of the text counts as number 0 after a
   * comma or a blank, which attaches the rule to its category's root beside its parents.
   */
  #attachToSids(rule: RuleDraft, text: string): boolean {
    const { body } = rule;
    let attached = false;
    let inNumber = false;
    for (let index = 0; index <= text.length; index++) {
      const character = text[index] ?? '';
      if (character === ',' || character === ' ') {
        inNumber = false;
        continue;
      }
      if (character !== '' && !/\d/.test(character)) {
        // A line break at the end passes the first check, and stops the walk here.
        const message = `if_sid "${text.slice(0, 60)}" holds more than digits, commas and spaces`;
        const help = 'Remove what stands behind the last id.';
        if (!attached || this.#context.dialect === 'ossec')
          return this.#reject('rule-bad-if-sid', message, help, body.parentSpan, rule);
        this.#report(
          'warning',
          'rule-bad-if-sid',
          `rule ${rule.id}: ${message}: what follows is ignored`,
          help,
          body.parentSpan,
        );
        return true;
      }
      if (inNumber) continue;
      inNumber = true;
      const id = readInt(text.slice(index));
      const found = id === 0 ? this.tree.attachToCategory(rule) : this.tree.attachToId(rule, id);
      if (id === 0 && found) {
        this.#report(
          'info',
          'rule-if-sid-trailing-comma',
          `rule ${rule.id}: if_sid ends in a comma or a blank, so that the rule also matches without its parent`,
          'Remove what stands behind the last id.',
          body.parentSpan,
        );
      }
      if (found) attached = true;
      else if (!this.#missingParent(rule, id)) return false;
    }
    if (attached || this.#context.incomplete) return attached;
    return this.#reject(
      'rule-without-parent',
      'none of its parents is loaded',
      'Load the files of its parents before.',
      body.parentSpan,
      rule,
    );
  }

  /** False where the rule is given up at once. */
  #missingParent(rule: RuleDraft, id: number): boolean {
    const { body } = rule;
    const correlated = body.ifMatchedSid !== 0;
    const help = 'Ids must be loaded before they are named; files load in the order of their base names.';
    const message = `${correlated && body.ifSid === String(body.ifMatchedSid) ? 'if_matched_sid' : 'if_sid'} names rule ${id}, which is not loaded`;
    if (this.#context.dialect === 'ossec') {
      return this.#reject('rule-unknown-parent', message, help, body.parentSpan, rule);
    }
    if (correlated) return this.#reject('rule-unknown-parent', message, help, body.parentSpan, rule);
    if (!this.#context.incomplete)
      this.#report('warning', 'rule-unknown-parent', `rule ${rule.id}: ${message}`, help, body.parentSpan);
    return true;
  }

  #attachToLevel(rule: RuleDraft, text: string): boolean {
    const { body } = rule;
    const level = readInt(text);
    if (level === 0) {
      const message = `if_level "${text}" is no level above 0`;
      if (this.#context.dialect === 'wazuh')
        return this.#reject('rule-bad-if-level', message, 'Write a number from 1 to 16.', body.parentSpan, rule);
      this.#report(
        'error',
        'rule-bad-if-level',
        `rule ${rule.id}: ${message}: the rule never matches`,
        'Write a number from 1 to 16.',
        body.parentSpan,
      );
      return false;
    }
    // Level 0 has the highest key of all, and so is at or above any level.
    if (this.tree.attachToKeys(rule, level * 100)) return true;
    return this.#reject(
      'rule-unknown-parent',
      `no rule before it has level ${level} or more`,
      'Load the file behind the rules that it builds on.',
      body.parentSpan,
      rule,
    );
  }

  #attachToGroup(rule: RuleDraft, text: string): boolean {
    const { body } = rule;
    if (this.tree.attachToGroups(rule, compileWordMatch(text))) return true;
    return this.#reject(
      'rule-unknown-group',
      `no rule before it has a group with ${JSON.stringify(text.slice(0, 60))} in its text`,
      'Groups are found in rules loaded before; check the spelling and the order of the files.',
      body.parentSpan,
      rule,
    );
  }

  /** Ties a correlating rule to the rules whose events it counts. */
  #link(rule: RuleDraft): void {
    const { body } = rule;
    if (body.ifMatchedSid !== 0) {
      const target = this.tree.find(body.ifMatchedSid);
      if (target !== undefined) target.keepsHistory = true;
      rule.search = { kind: 'sid', target };
    } else if (body.ifMatchedGroup !== undefined) {
      const { matcher } = body.ifMatchedGroup;
      for (const feeder of this.tree.all()) {
        if (!matcher.test(feeder.body.groupText)) continue;
        if (this.tree.addFeed(feeder, rule)) continue;
        this.#checkSize(rule);
        break;
      }
      rule.search = { kind: 'group' };
    } else if (body.contextual && body.checkDiff === undefined) {
      rule.search = { kind: 'recent' };
    }
  }

  #overwrite(existing: RuleDraft, body: RuleBody): void {
    const { dialect, compat } = this.#context;
    if (dialect === 'wazuh') this.#warnOfParents(existing, body);
    else if (compat === 'strict') keepWhatOssecKeeps(existing.body, body);
    this.tree.overwrite(existing, body);
  }

  /** Parents and what is counted stay as they were first. */
  #warnOfParents(existing: RuleDraft, body: RuleBody): void {
    const old = existing.parentText;
    const changed: string[] = [];
    if (body.ifSid !== undefined && body.ifMatchedSid === 0 && body.ifSid !== old.ifSid) changed.push('if_sid');
    if (body.ifGroup !== undefined && body.ifMatchedGroup === undefined) changed.push('if_group');
    if (body.ifLevel !== undefined && body.ifLevel !== old.ifLevel) changed.push('if_level');
    if (body.ifMatchedGroup !== undefined && body.ifMatchedGroup.text !== old.ifMatchedGroup?.text)
      changed.push('if_matched_group');
    if (body.ifMatchedSid !== 0 && body.ifMatchedSid !== old.ifMatchedSid) changed.push('if_matched_sid');
    for (const name of changed) {
      this.#report(
        'warning',
        'rule-overwrite-keeps-parents',
        `rule ${existing.id}: overwriting does not change ${name}, the first definition's stays`,
        `Leave out ${name}, or write a rule of its own.`,
        body.parentSpan,
      );
    }
  }
}

/** OSSEC's overwriting is older than these, and leaves them as they were: a slip that nobody can want, so for strict only. */
function keepWhatOssecKeeps(old: RuleBody, body: RuleBody): void {
  body.category = old.category;
  body.lists = old.lists;
  body.fields = old.fields;
  body.ignore = old.ignore;
  body.checkIfIgnored = old.checkIfIgnored;
  const isKept = (slot: string) => slot.endsWith('_pcre2') || slot === 'srcgeoip' || slot === 'dstgeoip';
  for (const slot of [...body.texts.keys()].filter(isKept)) body.texts.delete(slot);
  for (const [slot, text] of old.texts) if (isKept(slot)) body.texts.set(slot, text);
}
