import type { Diagnostic } from '../diagnostics.ts';
import type { Dialect, RuleStatement, XmlElement } from './ast.ts';
import type { ElementRole } from './rule-elements.ts';
import { type ParseLimits, StatementReader } from './statement-reader.ts';
import { isNumber, quote, readInt } from './words.ts';

export type { ParseLimits };

/** Reads one child element of a rule; what is wrong with it goes to `problems`. */
export function parseStatement(
  role: ElementRole,
  element: XmlElement,
  dialect: Dialect,
  limits: ParseLimits,
  problems: Diagnostic[],
): RuleStatement {
  const text = element.content;
  const reader = new StatementReader(element, dialect, limits, problems);
  switch (role.role) {
    case 'text': {
      const { slot, pcre2Form } = role;
      const language = reader.readLanguage(role.language);
      return { kind: 'text', slot, pcre2Form, text, language, negate: reader.readNegate() };
    }
    case 'same':
    case 'different':
    case 'unset_same':
      return { kind: role.role, key: role.key };
    case 'address': {
      const slot = element.name.toLowerCase() === 'srcip' ? 'srcip' : 'dstip';
      return { kind: 'address', slot, text, negate: reader.readNegate() };
    }
    case 'field':
      return reader.readField();
    case 'list':
      return reader.readList();
    case 'decoded_as':
      return { kind: 'decoded_as', decoder: text };
    case 'category':
      return reader.readCategory();
    case 'time':
      return reader.readTime();
    case 'weekday':
      return reader.readWeekday();
    case 'compiled_rule':
      return { kind: 'compiled_rule', name: text };
    case 'if_level':
      return isNumber(text)
        ? { kind: 'if_level', text }
        : reader.skip('rule-bad-if-level', `if_level ${quote(text)} is no number`);
    case 'if_matched_sid':
      return isNumber(text)
        ? { kind: 'if_matched_sid', sid: readInt(text) }
        : reader.skip('rule-bad-if-matched-sid', `if_matched_sid ${quote(text)} is not one rule id`);
    case 'if_sid':
    case 'if_group':
    case 'if_matched_group':
    case 'if_matched_regex':
    case 'group':
    case 'cve':
      return { kind: role.role, text };
    case 'description':
      // Only the first line break of a piece becomes a blank.
      return { kind: 'description', text: text.replace('\n', ' ') };
    case 'info':
      reader.checkInfo();
      return { kind: 'info', text };
    case 'same_field':
    case 'different_field':
      return { kind: role.role, field: text };
    case 'check_diff':
    case 'if_fts':
    case 'global_frequency':
    case 'nothing':
      return { kind: role.role };
    case 'deprecated':
      reader.warn(
        'rule-deprecated-element',
        `<${element.name}> has no effect any more`,
        'Remove it: rules count per agent anyway.',
      );
      return { kind: 'nothing' };
    case 'options':
      return reader.readOption();
    case 'ignore':
    case 'check_if_ignored':
      return reader.readIgnore(role.role);
    case 'mitre':
      return { kind: 'mitre', block: reader.readMitre() };
  }
}
