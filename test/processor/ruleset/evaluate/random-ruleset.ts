import type { RulesetSource } from '../../../../src/processor/ruleset/compile/compile.ts';
import type { Compat, Dialect } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import type { Random } from '../../../support/random.ts';

/** Few words, so that lines and rules meet. */
const WORDS = ['failed', 'Accepted', 'session', 'login', 'denied', 'kernel', 'disk', 'port', 'from', 'User'];
const PROGRAMS = ['sshd', 'su', 'cron', 'web'];
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '192.168.1.9'];
const USERS = ['root', 'bob', 'ALICE'];
const FIELDS = ['app.kind', 'app.code', 'app.path', 'level'];
const VALUES = ['1', '2', '12', 'read', 'Write', '/etc/passwd', '/ETC/shadow'];

export interface RandomRuleset {
  readonly source: RulesetSource;
  /** A line, and the location of its host. */
  line(): { readonly log: string; readonly location: string };
}

/** Decoders and rules of every kind that an index looks at, and lines of the same words. */
export function createRandomRuleset(random: Random, dialect: Dialect, compat: Compat): RandomRuleset {
  const decoders = createDecoders(random, dialect);
  const rules = createRules(random, dialect);
  const file = (name: string, content: string) => ({ path: name, name, content });
  return {
    source: {
      dialect,
      compat,
      decoders: [file('decoders.xml', decoders)],
      rules: [file('rules.xml', rules)],
      lists: [{ name: 'etc/lists/users', path: 'users', content: 'root:admin\nbob:\n' }],
      settings: { memorySize: random.int(20, 60) },
    },
    line: () => createLine(random),
  };
}

function chance(random: Random, share: number): boolean {
  return random.next() < share;
}

function words(random: Random, from: number, to: number): string {
  return Array.from({ length: random.int(from, to) }, () => random.pick(WORDS)).join(' ');
}

function createLine(random: Random): { log: string; location: string } {
  const location = chance(random, 0.2) ? '[001] (web01) any->/var/log/x' : '/var/log/x';
  if (chance(random, 0.3)) {
    const fields = Array.from({ length: random.int(0, 4) }, () => {
      const name = random.pick([...FIELDS, 'srcip', 'user', 'id', 'other']);
      const value = name === 'srcip' ? random.pick(ADDRESSES) : random.pick(VALUES);
      const [head, tail] = name.split('.');
      return tail ? `"${head}":{"${tail}":"${value}"}` : `"${name}":"${value}"`;
    });
    return { log: `{"say":"${words(random, 0, 2)}"${fields.map((field) => `,${field}`).join('')}}`, location };
  }
  if (chance(random, 0.1)) {
    const little = random.pick(WORDS).slice(0, random.int(0, 8));
    return { log: chance(random, 0.5) ? little : `Dec 10 01:02:03 host sshd[7]: ${little}`, location };
  }
  const text = `${words(random, 0, 3)} user=${random.pick(USERS)} src=${random.pick(ADDRESSES)} id=${random.pick(VALUES)} ${words(random, 0, 2)}`;
  if (chance(random, 0.15)) return { log: text, location };
  const program = random.pick([...PROGRAMS, 'other']);
  return { log: `Dec 10 01:02:0${random.int(0, 9)} host ${program}[${random.int(1, 9)}]: ${text}`, location };
}

function createDecoders(random: Random, dialect: Dialect): string {
  const parts: string[] = [];
  if (dialect === 'wazuh') {
    parts.push(
      '<decoder name="json"><prematch>^{\\s*"</prematch><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>',
    );
  }
  for (let index = random.int(3, 7); index > 0; index--) {
    const name = `d${index}`;
    const program = chance(random, 0.6) ? `<program_name>${pattern(random, PROGRAMS, true)}</program_name>` : '';
    const prematch = program === '' || chance(random, 0.4) ? `<prematch>${expression(random, WORDS)}</prematch>` : '';
    parts.push(`<decoder name="${name}">${program}${prematch}</decoder>`);
    // Some roots have so many children that an index chooses among them.
    const many = chance(random, 0.3);
    for (let child = many ? random.int(8, 40) : random.int(0, 3); child > 0; child--) {
      const offset = chance(random, 0.4) ? ' offset="after_parent"' : '';
      const before = chance(random, many ? 0.95 : 0.6)
        ? `<prematch${offset}>${expression(random, WORDS)}</prematch>`
        : '';
      const fts = chance(random, 0.3) ? '<fts>name, srcip</fts>' : '';
      const open = `<decoder name="${name}-${child}"><parent>${name}</parent>`;
      parts.push(`${open}${before}${capture(random, dialect)}${fts}</decoder>`);
      while (chance(random, 0.2)) parts.push(`${open}${capture(random, dialect)}</decoder>`);
    }
  }
  return parts.join('\n');
}

function capture(random: Random, dialect: Dialect): string {
  return random.pick([
    '<regex>user=(\\S+) src=(\\S+)</regex><order>user, srcip</order>',
    '<regex>src=(\\S+) id=(\\S+)</regex><order>srcip, id</order>',
    `<regex>id=(\\S+)</regex><order>${dialect === 'wazuh' ? 'app.code' : 'status'}</order>`,
  ]);
}

/** OS_Match: literals with and without anchors. */
function pattern(random: Random, from: readonly string[], short = false): string {
  const pieces = Array.from({ length: random.int(1, 3) }, () => {
    const word = random.pick(from);
    return `${chance(random, 0.3) ? '^' : ''}${short && chance(random, 0.2) ? word.slice(0, 2) : word}${chance(random, 0.2) ? '$' : ''}`;
  });
  return pieces.join('|');
}

/** OS_Regex. */
function expression(random: Random, from: readonly string[]): string {
  const pieces = Array.from({ length: random.int(1, 2) }, () => {
    const word = random.pick(from);
    const body = random.pick([
      word,
      `${word}\\.+`,
      `\\w+ ${word}`,
      `\\S*${word.slice(1)}`,
      word.replaceAll('e', '\\w'),
    ]);
    return `${chance(random, 0.3) ? '^' : ''}${body}${chance(random, 0.1) ? '$' : ''}`;
  });
  return pieces.join('|');
}

function createRules(random: Random, dialect: Dialect): string {
  const ids: number[] = [];
  const rules: string[] = ['<rule id="1" level="0" noalert="1"><description>root</description></rule>'];
  // Some rules have so many children that more of them come into question than are sorted by hand.
  const wide = chance(random, 0.2);
  for (let index = wide ? random.int(80, 160) : random.int(10, 40); index > 0; index--) {
    const id = 1000 + ids.length;
    rules.push(createRule(random, dialect, id, wide && chance(random, 0.8) ? ids.slice(0, 2) : ids));
    ids.push(id);
  }
  return `<group name="syslog,test,">\n${rules.join('\n')}\n</group>`;
}

function createRule(random: Random, dialect: Dialect, id: number, ids: readonly number[]): string {
  const body: string[] = [];
  const attributes = [`id="${id}"`, `level="${random.int(0, 12)}"`];
  if (chance(random, 0.1)) attributes.push('noalert="1"');
  if (chance(random, 0.1)) attributes.push('ignore="5"');
  const correlates = ids.length > 2 && chance(random, 0.3);
  if (correlates) {
    attributes.push(`frequency="${random.int(2, 5)}"`, `timeframe="${random.int(3, 60)}"`);
    body.push(
      chance(random, 0.7)
        ? `<if_matched_sid>${random.pick(ids)}</if_matched_sid>`
        : '<if_matched_group>extra</if_matched_group>',
    );
    for (const same of ['same_source_ip', 'same_user', 'same_id', 'different_url', 'same_location']) {
      if (chance(random, 0.25)) body.push(`<${same} />`);
    }
    if (dialect === 'wazuh') {
      if (chance(random, 0.15)) body.push('<same_field>app.code</same_field>');
      if (chance(random, 0.15)) body.push('<different_field>app.kind</different_field>');
      if (chance(random, 0.1)) body.push('<global_frequency />');
    }
  } else if (ids.length > 0 && chance(random, 0.7)) {
    const parents = Array.from({ length: random.int(1, 2) }, () => random.pick(ids));
    body.push(chance(random, 0.9) ? `<if_sid>${parents.join(', ')}</if_sid>` : '<if_group>extra</if_group>');
  }
  for (let count = random.int(correlates ? 0 : 1, 2); count > 0; count--) body.push(createCondition(random, dialect));
  if (chance(random, 0.08)) body.push('<if_fts />');
  if (chance(random, 0.05)) body.push('<check_diff />');
  if (ids.length === 0 || chance(random, 0.3)) body.push('<group>extra,</group>');
  return `<rule ${attributes.join(' ')}>${body.join('')}<description>rule ${id}</description></rule>`;
}

function createCondition(random: Random, dialect: Dialect): string {
  const wazuh = dialect === 'wazuh';
  const negate = wazuh && chance(random, 0.15) ? ' negate="yes"' : '';
  const written = (element: string, text: string) => `<${element}${negate}>${text}</${element}>`;
  switch (random.int(0, wazuh ? 9 : 6)) {
    case 0:
      return `<decoded_as>${random.pick([...(wazuh ? ['json'] : []), 'd1', 'd2', 'd3'])}</decoded_as>`;
    case 1:
      return written('match', pattern(random, WORDS));
    case 2:
      return written('regex', expression(random, WORDS));
    case 3:
      return written('program_name', pattern(random, PROGRAMS, true));
    case 4:
      return `<srcip>${chance(random, 0.3) ? '!' : ''}${random.pick(['10.0.0.0/24', '10.0.0.2'])}</srcip>`;
    case 5:
      return written('user', pattern(random, USERS));
    case 6:
      return written('id', pattern(random, VALUES));
    case 7: {
      const type = random.pick(['osregex', 'osmatch', 'pcre2']);
      const text = type === 'pcre2' ? random.pick(['^read$', '(?i)^write$|2', 'etc.+w']) : pattern(random, VALUES);
      return `<field name="${random.pick(FIELDS)}" type="${type}"${negate}>${text}</field>`;
    }
    case 8:
      return `<list field="${random.pick(['user', 'app.path', 'srcuser'])}" lookup="${random.pick(['match_key', 'not_match_key'])}">etc/lists/users</list>`;
    default:
      return `<match type="pcre2"${negate}>${random.pick(['(?i)LOGIN|denied', 'fail.d', '^session'])}</match>`;
  }
}
