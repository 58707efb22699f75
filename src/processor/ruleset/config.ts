import { z } from 'zod';
import { memorySchema, suspendSchema } from './limits-config.ts';

export const INPUT_KINDS = ['auto', 'text', 'json', 'journald', 'syslog', 'windows_event_log', 'k8s'] as const;

const severity = z.strictObject({
  number: z.int().min(1).max(24).describe('OpenTelemetry severity number'),
  text: z.string().min(1).describe('severity text'),
});

const identity = z.strictObject({
  key: z
    .enum(['host.id', 'host.name'])
    .default('host.id')
    .describe('resource attribute that tells hosts apart; host.name stands in where host.id is missing'),
  name: z.string().min(1).default('host.name').describe('resource attribute shown as the name of the host'),
  source: z
    .enum(['resource', 'header'])
    .default('resource')
    .describe('`header`: every record counts as local, hosts are told apart by the syslog header alone'),
  on_missing: z
    .enum(['local', 'reject'])
    .default('local')
    .describe('a record whose resource names no host: evaluate it as a local one, or refuse it; counted either way'),
  client_keys: z.string().optional().describe('client.keys file of a Wazuh manager: gives agent ids to host names'),
  agents: z
    .record(z.string(), z.string().regex(/^\d{1,8}$/))
    .default({})
    .describe('agent ids by host name'),
});

export const rulesetConfigSchema = z.strictObject({
  wazuh_home: z
    .string()
    .optional()
    .describe('folder of a Wazuh installation: its ruleset/, etc/ and the <ruleset> block of etc/ossec.conf'),
  starter: z
    .boolean()
    .optional()
    .describe('load the starter ruleset that comes with otel-hids (default: when no other content is named)'),
  decoders: z.array(z.string()).default([]).describe('decoder files, directories or globs'),
  rules: z.array(z.string()).default([]).describe('rule files, directories or globs'),
  exclude: z.array(z.string()).default([]).describe('base names left out of wazuh_home and of directories'),
  lists: z
    .record(z.string(), z.string())
    .default({})
    .describe('CDB lists by the name that rules use: a file, or keyv:NAME for a list in the store'),
  dialect: z.enum(['wazuh', 'ossec']).default('wazuh').describe('whose rules these are'),
  compat: z.enum(['default', 'strict']).default('default').describe('strict: bug for bug as the original'),
  alert_level: z
    .int()
    .min(0)
    .max(16)
    .optional()
    .describe('rules from this level on alert (default 3, in the ossec dialect 1)'),
  emit: z
    .enum(['alerts', 'all', 'annotated'])
    .default('alerts')
    .describe('what leaves: alerts only, every record with the alerts beside it, or every record with its rule on it'),
  input: z
    .enum(INPUT_KINDS)
    .default('auto')
    .describe('shape of the records; auto tells them apart by their attributes'),
  hostname: z.string().optional().describe('name of the own host as rules see it (default: its short host name)'),
  identity: identity.prefault({}),
  resource: z
    .enum(['service', 'keep'])
    .default('service')
    .describe('service: alerts carry service.name otel-hids and the host as service.instance.id; keep: as received'),
  severity_map: z
    .record(z.string().regex(/^\d{1,2}$/), severity)
    .default({})
    .describe('severity by lowest rule level, instead of the built-in one'),
  diff: z
    .strictObject({
      per: z
        .enum(['alias', 'rule'])
        .default('alias')
        .describe('what a check_diff snapshot belongs to besides host and rule; rule: as the original'),
    })
    .prefault({}),
  health: z.boolean().default(true).describe('load the health add-on (rules 199000 to 199999) on top of the ruleset'),
  workers: z
    .union([z.int().min(1).max(64), z.literal('auto')])
    .default(1)
    .describe(
      'threads that evaluate, each for its part of the hosts; auto: one for each core, or one in all where hosts cannot be told apart',
    ),
  memory: memorySchema.describe("what the engine may remember; with compat: strict the history is the original's"),
  suspend: suspendSchema.describe('patterns that take too many steps again and again'),
  storage: z.string().optional().describe('id of the storage extension that keeps state and shared lists'),
  watch: z
    .boolean()
    .default(true)
    .describe('read rules and decoders again when their files change; a set that cannot be used is refused'),
  list_poll_interval: z
    .int()
    .min(1)
    .default(5)
    .describe('seconds between looks at lists (in the store and in files), and at rules and decoders'),
});

export type RulesetConfig = z.output<typeof rulesetConfigSchema>;
export type IdentityConfig = RulesetConfig['identity'];
export type InputKind = (typeof INPUT_KINDS)[number];
