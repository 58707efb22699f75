import { describe, expect, test } from 'vitest';
import { compileRuleset } from '../../../../src/processor/ruleset/compile/compile.ts';
import type { Compat, Dialect, Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type Engine, type EventInput } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import type { Quota } from '../../../../src/processor/ruleset/evaluate/state/host-shares.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { createRandom, type Random, testSeed } from '../../../support/random.ts';

const DECODER = `<decoder name="other"><program_name>^other$</program_name></decoder>
  <decoder name="app"><prematch>^app </prematch>
  <regex offset="after_prematch">^(\\S+) (\\S+) (\\S+)</regex><order>srcip, user, url</order></decoder>`;

const SAME = ['', '<same_source_ip />', '<same_user />', '<same_location />', '<different_url />'];

function correlating(random: Random, id: number): string {
  const [one, other] = [random.pick(SAME), random.pick(SAME)];
  const over = random.pick(['<if_matched_sid>100</if_matched_sid>', '<if_matched_group>seen</if_matched_group>']);
  return `<rule id="${id}" level="${random.int(5, 12)}" frequency="${random.int(2, 7)}" timeframe="${random.int(2, 40)}">
    ${over}${one}${one === other ? '' : other}<description>d</description></rule>`;
}

function compile(random: Random, dialect: Dialect, compat: Compat): Ruleset {
  const rules = Array.from({ length: 3 }, (_, index) => correlating(random, 200 + index));
  const { ruleset, diagnostics } = compileRuleset({
    dialect,
    compat,
    decoders: [{ path: 'd', name: 'd.xml', content: DECODER }],
    rules: [
      {
        path: 'r',
        name: 'r.xml',
        content: `<group name="t,"><rule id="1" level="0" noalert="1"><category>syslog</category><description>d</description></rule>
          <rule id="100" level="3"><if_sid>1</if_sid><decoded_as>app</decoded_as><group>seen,</group><description>d</description></rule>
          ${rules.join('')}</group>`,
      },
    ],
    lists: [],
  });
  if (!ruleset) throw new Error(JSON.stringify(diagnostics));
  return ruleset;
}

function open(ruleset: Ruleset, plain: boolean, history?: Quota): Engine {
  const localTime = () => ({ minutes: 0, weekday: 0 });
  const state = new EngineState(history ? { history } : {});
  return createEngine(ruleset, state, { mode: 'live', hostname: 'own', localTime, plain });
}

/** The rule that both engines find. */
function decide(engines: readonly Engine[], input: EventInput, which: string): string | undefined {
  const [found, wanted] = engines.map((engine) => {
    const { rule, event, alert } = engine.evaluate(input);
    return { rule: rule?.id, alert, previous: event.previous };
  });
  expect(found, which).toEqual(wanted);
  return found?.rule;
}

describe('past events looked up by key', () => {
  const seed = testSeed();

  test.each([
    ['wazuh', 'default'],
    ['wazuh', 'strict'],
    ['ossec', 'default'],
    ['ossec', 'strict'],
  ] as const)(`lead to what the scan leads to, %s, %s, SEED=${seed}`, (dialect, compat) => {
    const random = createRandom(seed);
    let fired = 0;
    for (let round = 0; round < 25; round++) {
      const ruleset = compile(random, dialect, compat);
      const engines = [open(ruleset, false), open(ruleset, true)];
      const sources = random.int(2, 12);
      let time = 1_700_000_000_000;
      for (let number = 0; number < 400; number++) {
        // Now and then the clock is set back.
        time += random.int(0, 50) === 0 ? -random.int(1, 20_000) : random.int(0, 3000);
        const input = {
          log: `app 192.0.2.${random.int(1, sources)} user${random.int(1, 3)} /${random.int(1, 4)} ${number}`,
          location: random.pick(['/var/log/a', '(web1) any->/var/log/a', '(web2) any->/var/log/a']),
          queue: '1',
          timeMs: time,
          trusted: false,
        };
        if (decide(engines, input, `round ${round}, event ${number}`)?.startsWith('20')) fired++;
      }
    }
    expect(fired).toBeGreaterThan(500);
  });

  test.each(['wazuh', 'ossec'] as const)('also where hosts give up what is theirs, %s', (dialect) => {
    const random = createRandom(seed);
    const quota = { entries: 40, bytes: 1e6, hostEntries: 25, hostBytes: 1e6 };
    let fired = 0;
    for (let round = 0; round < 25; round++) {
      const ruleset = compile(random, dialect, 'default');
      const engines = [open(ruleset, false, quota), open(ruleset, true, quota)];
      let time = 1_700_000_000_000;
      for (let number = 0; number < 400; number++) {
        time += random.int(0, 600);
        const input = {
          log: `app 192.0.2.${random.int(1, 4)} user${random.int(1, 3)} /${random.int(1, 4)} ${number}`,
          location: `(web${random.int(1, random.int(1, 6))}) any->/var/log/a`,
          agentId: `00${random.int(1, random.int(1, 6))}`,
          queue: '1',
          timeMs: time,
          trusted: false,
        };
        if (decide(engines, input, `round ${round}, event ${number}`)?.startsWith('20')) fired++;
      }
    }
    expect(fired).toBeGreaterThan(300);
  });
});
