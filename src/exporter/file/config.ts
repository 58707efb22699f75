import { z } from 'zod';
import { optionalSection } from '../../config/section.ts';

const rotation = z.strictObject({
  max_megabytes: z
    .number()
    .positive()
    .default(100)
    .describe('A record that would make the file larger than this goes to a new one'),
  max_days: z.number().int().nonnegative().default(0).describe('Older backups are deleted; 0 keeps them'),
  max_backups: z
    .number()
    .int()
    .nonnegative()
    .default(100)
    .describe('The oldest backups beyond this number are deleted; 0 keeps all'),
});

export const fileSchema = z.strictObject({
  path: z.string().min(1).describe('File to append to; a relative path starts at the folder of the configuration'),
  format: z
    .enum(['wazuh_json', 'alerts_log', 'notification', 'otlp_json'])
    .default('wazuh_json')
    .describe('alerts.json, alerts.log, the mail text, or one OTLP/JSON request a line'),
  dialect: z
    .enum(['wazuh', 'ossec'])
    .default('wazuh')
    .describe('Whose text: matters to alerts_log (dynamic fields) and notification (first line)'),
  flush: z
    .enum(['sync', 'os'])
    .default('sync')
    .describe('sync: written to the disk itself before a batch counts as safe; os: handed to the operating system'),
  escape_control_characters: z
    .boolean()
    .default(true)
    .describe('Show control characters of logs as \\x1b, and keep logs from forging a record (text formats)'),
  rotation: optionalSection(rotation).describe(
    'Absent: the file grows until someone else moves it away, which is noticed; a key without a value: defaults',
  ),
});

export type FileConfig = z.output<typeof fileSchema>;
