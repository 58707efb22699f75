import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/confmap/load.ts';
import { factories, load, withDebug } from './helpers.ts';

const WHOLE = `receivers:
  command/ports:
    command: ss -H -tuln
    interval: 5s
  otlp:
    protocols:
      http:
processors:
  ruleset:
exporters:
  debug:
service:
  pipelines:
    logs:
      receivers: [command/ports, otlp]
      processors: [ruleset]
      exporters: [debug]
`;

describe('loadConfig', () => {
  it('reads a whole configuration and gives every component its defaults', () => {
    const { config, printed } = load(WHOLE);
    expect(printed).toEqual([]);
    expect(config?.receivers.get('otlp')?.config).toEqual({
      protocols: { http: { endpoint: '127.0.0.1:4318', max_size: 10 } },
    });
    expect(config?.receivers.get('command/ports')).toMatchObject({
      id: 'command/ports',
      config: { interval: 5000, timeout: 30_000 },
    });
    expect(config?.processors.get('ruleset')?.config).toEqual({ rules: [], alert_level: 3 });
    expect(config?.service).toEqual({
      extensions: [],
      pipelines: { logs: { receivers: ['command/ports', 'otlp'], processors: ['ruleset'], exporters: ['debug'] } },
      telemetry: { logs: { level: 'info', encoding: 'json' }, metrics: { level: 'normal', readers: [] } },
    });
  });

  it('merges files: maps key by key, lists as a whole, the later one wins', () => {
    const { config, printed } = load([
      WHOLE,
      `processors: { ruleset: { rules: [a, b], alert_level: 5 } }\nexporters:\n  debug:\n    verbosity: detailed\n`,
      `processors: { ruleset: { rules: [c] } }\nexporters: { debug: }\n`,
    ]);
    expect(printed).toEqual([]);
    expect(config?.processors.get('ruleset')?.config).toEqual({ rules: ['c'], alert_level: 5 });
    expect(config?.exporters.get('debug')?.config).toMatchObject({ verbosity: 'detailed' });
  });

  it('lets --set win, with values as in YAML', () => {
    const sets = [
      'processors.ruleset.alert_level=7',
      'processors.ruleset.rules=[x, y]',
      'receivers.command/ports.interval=1m',
      'exporters::debug::headers::a.b=c=d',
      'exporters.debug.verbosity=detailed',
    ];
    const { config, printed } = load(WHOLE, { sets });
    expect(printed).toEqual([]);
    expect(config?.processors.get('ruleset')?.config).toEqual({ rules: ['x', 'y'], alert_level: 7 });
    expect(config?.receivers.get('command/ports')?.config).toMatchObject({ interval: 60_000 });
    expect(config?.exporters.get('debug')?.config).toMatchObject({ headers: { 'a.b': 'c=d' }, verbosity: 'detailed' });
  });

  it('knows where a value of each source was written', () => {
    const { printed } = load([WHOLE, 'processors: { ruleset: { alert_level: 17 } }\n'], {
      sets: ['exporters.debug.verbosity=loud', 'nothing'],
    });
    expect(printed).toEqual([
      'config2.yaml:1:26: error[wrong-value]: processors.ruleset.alert_level: must be at most 16',
      '--set 1:1:1: error[wrong-value]: exporters.debug.verbosity: expected basic or detailed, found "loud"',
      '--set 2:1:1: error[set-option]: "nothing" is no setting; write it as receivers.command.interval=5m',
    ]);
  });

  it('finds all errors at once and names path, place and the nearest known key', () => {
    const { config, printed } = load(`recievers:
  otlp:
receivers:
  comand/ports:
    command: w
  command:
    freqency: 5
    normalize: { sorted: true }
  otlp: [1]
  "bad id": {}
processors:
  ruleset: { alert_level: high, rules: x }
exporters: { debug: { target: { path: 1 } } }
service:
  pipelines:
    logs:
      receivers: [comand, otlp, otlp]
      processors: [rule_set]
      exporters: [file]
    traces: { receivers: [otlp], exporters: [debug] }
  telemetry: { logs: { level: loud } }
`);
    expect(config).toBeUndefined();
    expect(printed.map((text) => text.replace(/\n {4}help: .*/, ''))).toEqual([
      'config.yaml:1:1: error[unknown-key]: recievers: unknown key; did you mean "receivers"?',
      'config.yaml:4:3: error[unknown-component]: receivers.comand/ports: there is no receiver "comand"; did you mean "command"?',
      'config.yaml:6:3: error[missing-key]: receivers.command.command: is required',
      'config.yaml:7:5: error[unknown-key]: receivers.command.freqency: unknown key; did you mean "frequency"?',
      'config.yaml:8:18: error[unknown-key]: receivers.command.normalize.sorted: unknown key; did you mean "sort"?',
      'config.yaml:9:3: error[wrong-type]: receivers.otlp: expected a map, found a list',
      'config.yaml:10:3: error[component-id]: receivers.bad id: an id is a type, or a type and a name: type/name',
      'config.yaml:12:14: error[wrong-type]: processors.ruleset.alert_level: expected a number, found text',
      'config.yaml:12:33: error[wrong-type]: processors.ruleset.rules: expected a list, found text',
      'config.yaml:13:33: error[wrong-type]: exporters.debug.target.path: expected text, found a number',
      'config.yaml:21:24: error[wrong-value]: service.telemetry.logs.level: expected debug or info or warn or error, found "loud"',
    ]);
  });

  it('checks what pipelines name', () => {
    const { printed } = load(`receivers: { command: { command: w }, otlp/b: { protocols: { http: } } }
exporters: { debug: }
extensions: { health: }
service:
  extensions: [helth]
  pipelines:
    logs: { receivers: [comand, command, command], processors: [ruleset], exporters: [debug] }
    logs/2: { receivers: [], exporters: [debug] }
    traces: { receivers: [command], exporters: [debug] }
`);
    expect(printed).toEqual([
      'config.yaml:8:15: error[wrong-value]: service.pipelines.logs/2.receivers: must not be empty',
    ]);
    const second = load(`receivers: { command: { command: w }, otlp/b: { protocols: { http: } } }
exporters: { debug: }
extensions: { health: }
service:
  extensions: [helth]
  pipelines:
    logs: { receivers: [comand, command, command], processors: [ruleset], exporters: [debug] }
    traces: { receivers: [command], exporters: [debug] }
`);
    expect(second.printed).toEqual([
      'config.yaml:1:39: warning[unused-component]: receivers.otlp/b: will not be started: no pipeline uses it',
      'config.yaml:3:15: warning[unused-component]: extensions.health: will not be started: service.extensions does not list it',
      'config.yaml:5:16: error[unknown-reference]: service.extensions[0]: there is no extension "helth" in this configuration; did you mean "health"?',
      'config.yaml:7:25: error[unknown-reference]: service.pipelines.logs.receivers[0]: there is no receiver "comand" in this configuration; did you mean "command"?',
      'config.yaml:7:42: error[duplicate-reference]: service.pipelines.logs.receivers[2]: "command" is listed twice',
      'config.yaml:7:65: error[unknown-reference]: service.pipelines.logs.processors[0]: there is no processor "ruleset" in this configuration\n    help: add `ruleset:` under `processors:`',
      'config.yaml:8:5: error[pipeline-signal]: service.pipelines.traces: only logs flow here; a pipeline is called logs or logs/name',
    ]);
  });

  it("puts a factory's own findings in their place", () => {
    const { printed } = load(WHOLE.replace('      http:\n', ''));
    expect(printed).toEqual(['config.yaml:6:5: error[wrong-value]: receivers.otlp.protocols: needs http or grpc']);
  });

  it.each([
    ['a missing file', undefined, 'error[unreadable-file]: there is no such file'],
    ['a list', '- a\n', 'error[wrong-type]: a configuration is a map'],
    ['a text', 'hello', 'error[wrong-type]: a configuration is a map'],
    ['nothing', '', 'error[missing-key]: service: is required'],
    [
      'a section that is no map',
      'receivers: [a]\nservice: { pipelines: { logs: { receivers: [a], exporters: [b] } } }',
      'error[wrong-type]: receivers: expected a map of components by id',
    ],
    ['broken YAML', 'a: [1\nb: }', 'error[yaml-syntax]'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'error[yaml-syntax]'],
    ['a key twice', 'receivers: {}\nreceivers: {}\n', 'error[yaml-syntax]: Map keys must be unique'],
  ])('refuses %s', (_name, text, expected) => {
    const result = text === undefined ? load('', { files: ['/no/such/file.yaml'] }) : load(text);
    expect(result.config).toBeUndefined();
    expect(result.printed.join('\n')).toContain(expected);
  });

  it('takes keys that only hold anchors, aliases and merged maps', () => {
    const { config, printed } = load(`x-common: &common { verbosity: detailed, timeout: 1s }
receivers: { command: { command: w } }
exporters: { debug: { <<: *common, timeout: 2s } }
service: { pipelines: { logs: { receivers: [command], exporters: [debug] } } }
`);
    expect(printed).toEqual([]);
    expect(config?.exporters.get('debug')?.config).toMatchObject({ verbosity: 'detailed', timeout: 2000 });
  });

  it('treats keys like __proto__ as the unknown keys that they are', () => {
    const { printed } = load(withDebug('__proto__: { polluted: true }\nconstructor: 1'));
    expect(printed.map((text) => text.replace(/\n.*/, ''))).toEqual([
      'config.yaml:4:5: error[unknown-key]: exporters.debug.__proto__: unknown key',
      'config.yaml:5:5: error[unknown-key]: exporters.debug.constructor: unknown key',
    ]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    [
      'aliases of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[index]}`).join(',')}]`)
        .join('\n')}\n`,
    ],
    ['an alias of itself', 'a: &a { b: *a }\n'],
    ['deep nesting', `a: ${'['.repeat(500)}${']'.repeat(500)}\n`],
    ['nesting without an end', `${'['.repeat(200_000)}\n`],
    ['a huge file', `a: "${'x'.repeat(9_000_000)}"\n`],
  ])('is not brought down by %s', (_name, text) => {
    const started = performance.now();
    const { config, printed } = load(text);
    expect(config).toBeUndefined();
    expect(printed.join('\n')).toMatch(/error\[yaml-(too-big|syntax)\]/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('refuses a file with commands that others can write, unless told otherwise', () => {
    const folder = mkdtempSync(join(tmpdir(), 'otel-hids-writable-'));
    const file = join(folder, 'c.yaml');
    try {
      const check = (fileMode: number, folderMode: number, options = {}) => {
        writeFileSync(file, WHOLE);
        chmodSync(file, fileMode);
        chmodSync(folder, folderMode);
        return loadConfig({ files: [file], env: {}, factories, commandTypes: ['command'], ...options }).diagnostics.map(
          (found) => found.message,
        );
      };
      expect(check(0o644, 0o755)).toEqual([]);
      expect(check(0o664, 0o755)).toEqual(['commands are configured, and its group may write to it (mode 0664)']);
      expect(check(0o646, 0o755)).toEqual(['commands are configured, and everyone may write to it (mode 0646)']);
      expect(check(0o644, 0o777)[0]).toContain('everyone may replace it');
      expect(check(0o644, 0o775)[0]).toContain('the group of the folder');
      expect(check(0o644, 0o1775)).toEqual([]);
      expect(check(0o644, 0o1777)).toEqual([]);
      expect(check(0o666, 0o755, { allowWritable: true })).toEqual([]);
      expect(check(0o666, 0o755, { commandTypes: [] })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
