import type { Diagnostic } from '../diagnostics.ts';
import type { Dialect, RuleAttributes, XmlAttribute, XmlElement } from './ast.ts';
import { findNearest } from './nearest.ts';
import { isNumber, quote, readDigits, readInt } from './words.ts';

interface Draft {
  id: number | undefined;
  level: number | undefined;
  maxsize: number;
  timeframe: number | undefined;
  frequency: number;
  accuracy: number;
  noalert: boolean;
  ignore: number;
  overwrite: boolean;
}

const NAMES = ['id', 'level', 'maxsize', 'timeframe', 'frequency', 'accuracy', 'noalert', 'ignore', 'overwrite'];

/** Reads the attributes of `<rule>` (ruleset-engine 1.1); undefined after a fatal problem. */
export function parseRuleAttributes(
  element: XmlElement,
  dialect: Dialect,
  problems: Diagnostic[],
): RuleAttributes | undefined {
  const draft: Draft = {
    id: undefined,
    level: undefined,
    maxsize: 0,
    timeframe: undefined,
    frequency: 0,
    accuracy: 1,
    noalert: false,
    ignore: 0,
    overwrite: false,
  };
  const before = problems.length;
  for (const attribute of element.attributes) readAttribute(attribute, draft, dialect, problems);
  if (problems.slice(before).some((problem) => problem.severity === 'fatal')) return undefined;
  const { id, level } = draft;
  if (id === undefined || level === undefined) {
    problems.push({
      severity: 'fatal',
      code: id === undefined ? 'rule-without-id' : 'rule-without-level',
      message: id === undefined ? 'rule has no id' : `rule ${id} has no level`,
      help: 'Every rule needs id="..." (a number of at most six digits) and level="0".."16".',
      span: element.span,
    });
    return undefined;
  }
  return {
    id,
    level,
    maxsize: draft.maxsize,
    timeframe: draft.timeframe,
    frequency: draft.frequency,
    accurate: draft.accuracy !== 0,
    noalert: draft.noalert,
    ignore: draft.ignore,
    overwrite: draft.overwrite,
  };
}

function readAttribute(attribute: XmlAttribute, draft: Draft, dialect: Dialect, problems: Diagnostic[]): void {
  const { value, span } = attribute;
  const name = attribute.name.toLowerCase();
  const fatal = (message: string, help?: string) => {
    const code = NAMES.includes(name) ? `rule-bad-${name}` : 'rule-unknown-attribute';
    problems.push({ severity: 'fatal', code, message, span, ...(help === undefined ? {} : { help }) });
  };
  const number = (width: number): number | undefined => {
    if (!isNumber(value)) {
      const help = value.startsWith('$')
        ? 'The variable is not defined above in this file.'
        : 'Write digits only, without blanks or a sign.';
      fatal(`${name} ${quote(value)} is no number`, help);
      return undefined;
    }
    return readDigits(value, width);
  };
  switch (name) {
    case 'id':
      if (dialect === 'wazuh' && value.length > 6) {
        fatal(
          `rule id ${quote(value)} is not a number of at most six digits`,
          'Own rules take ids from 100000 to 120000.',
        );
      } else {
        draft.id = number(6) ?? draft.id;
      }
      break;
    case 'level':
      readLevel(value, draft, dialect, fatal);
      break;
    case 'maxsize':
      draft.maxsize = number(4) ?? draft.maxsize;
      break;
    case 'timeframe':
      draft.timeframe = number(5) ?? draft.timeframe;
      break;
    case 'frequency':
      readFrequency(value, draft, dialect, number, fatal);
      break;
    case 'accuracy':
      draft.accuracy = number(4) ?? draft.accuracy;
      break;
    case 'ignore':
      draft.ignore = number(6) ?? draft.ignore;
      break;
    case 'noalert':
      if (dialect === 'ossec' || value === '1') draft.noalert = true;
      else if (value === '0') draft.noalert = false;
      else {
        problems.push({
          severity: 'warning',
          code: 'rule-bad-noalert',
          message: `noalert ${quote(value)} is ignored`,
          help: 'Only noalert="1" and noalert="0" mean something.',
          span,
        });
      }
      break;
    case 'overwrite':
      if (value === 'yes') draft.overwrite = true;
      else if (value === 'no') draft.overwrite = false;
      else fatal(`overwrite ${quote(value)} is neither "yes" nor "no"`);
      break;
    default: {
      const near = name === 'override' ? 'overwrite' : findNearest(name, NAMES);
      fatal(
        `rule has the unknown attribute "${attribute.name}"`,
        near === undefined ? `Known ones: ${NAMES.join(', ')}.` : `Did you mean "${near}"?`,
      );
    }
  }
}

function readLevel(
  value: string,
  draft: Draft,
  dialect: Dialect,
  fatal: (message: string, help?: string) => void,
): void {
  const help = 'Write level="0" to level="16".';
  if (!isNumber(value)) {
    fatal(`level ${quote(value)} is no number`, help);
  } else if (dialect === 'ossec') {
    draft.level = readDigits(value, 4) ?? draft.level;
  } else {
    const level = readInt(value);
    if (level < 0 || level > 16) fatal(`level ${quote(value)} is not between 0 and 16`, help);
    else draft.level = level;
  }
}

function readFrequency(
  value: string,
  draft: Draft,
  dialect: Dialect,
  number: (width: number) => number | undefined,
  fatal: (message: string, help?: string) => void,
): void {
  if (dialect === 'ossec' || !isNumber(value)) {
    draft.frequency = number(4) ?? draft.frequency;
    return;
  }
  const frequency = readInt(value);
  if (frequency < 2 || frequency > 9999) {
    fatal(
      `frequency ${quote(value)} is not between 2 and 9999`,
      'The rule fires on the event of that number; leave it out for 2.',
    );
  } else {
    draft.frequency = frequency - 2;
  }
}
