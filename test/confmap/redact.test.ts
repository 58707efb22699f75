import { expect, it } from 'vitest';
import { parseYaml } from '../../src/confmap/parse-yaml.ts';
import { printConfig } from '../../src/confmap/redact.ts';

it('prints a configuration without its secrets', () => {
  const text = `extensions:
  bearertokenauth: { token: "\${TOKEN}", scheme: Bearer, token_file: /run/token }
  basicauth: { client_auth: { username: me, password: hunter2 } }
  keyv_storage: { uri: "redis://me:hunter2@localhost:6379/0" }
exporters:
  otlp_http:
    endpoint: https://loki.example/otlp?token=hunter2&x=1
    headers: { X-Scope-OrgID: hunter2, authorization: hunter2 }
    auth: { authenticator: bearertokenauth }
    tls: { key_file: /etc/key.pem }
receivers:
  command: { command: [a, b], env: { MY_VAR: hunter2 }, api_key: 12345, private_key: [hunter2, { x: hunter2 }] }
`;
  const printed = printConfig(parseYaml(text, 'x', { TOKEN: 'hunter2' }).root);
  expect(printed).not.toContain('hunter2');
  expect(printed).not.toContain('12345');
  for (const kept of [
    'username: me',
    '/run/token',
    'authenticator: bearertokenauth',
    '/etc/key.pem',
    'redis://me:[REDACTED]@localhost:6379/0',
    '- b',
  ]) {
    expect(printed).toContain(kept);
  }
});
