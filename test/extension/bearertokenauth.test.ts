import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UnauthenticatedError } from '../../src/component/authenticator.ts';
import type { BearerTokenAuthExtension } from '../../src/extension/bearertokenauth/extension.ts';
import { bearerTokenAuthFactory } from '../../src/extension/bearertokenauth/factory.ts';
import { describeComponentContract } from '../contract/component.ts';
import { createTestSettings } from '../support/settings.ts';
import { createTempDir } from '../support/temp-dir.ts';

test.each([
  [{ token: 'abc' }, { authorization: 'Bearer abc' }, 'token 1'],
  [{ token: 'abc' }, { authorization: 'bearer  abc ' }, 'token 1'],
  [{ tokens: ['abc', 'def'] }, { authorization: 'Bearer def' }, 'token 2'],
  [{ token: 'abc', header: 'X-Api-Key', scheme: '' }, { 'x-api-key': 'abc' }, 'token 1'],
])('%j lets %j in', async (config, headers, subject) => {
  const { auth } = await start(config);
  expect(await auth.authenticate(headers)).toEqual({ subject });
});

test.each([
  [{}, 'no Authorization header'],
  [{ authorization: '' }, 'no Authorization header'],
  [{ authorization: ['Bearer abc', 'Bearer abc'] }, 'no Authorization header'],
  [{ authorization: 'abc' }, 'the token is not known'],
  [{ authorization: 'Bearer' }, 'the token is not known'],
  [{ authorization: 'Bearer ab' }, 'the token is not known'],
  [{ authorization: 'Bearer abcd' }, 'the token is not known'],
  [{ authorization: 'Basic abc' }, 'the token is not known'],
])('%j stays out', async (headers, message) => {
  const { auth } = await start({ token: 'abc' });
  const refused = auth.authenticate(headers);
  await expect(refused).rejects.toThrow(UnauthenticatedError);
  await expect(refused).rejects.toMatchObject({ message, challenge: 'Bearer' });
});

test('a file is read again when it changes; a broken one changes nothing', async () => {
  const path = join(createTempDir(), 'tokens');
  writeFileSync(path, 'first\nsecond\n');
  const { auth, settings } = await start({ filename: path });
  expect(await auth.clientHeaders()).toEqual({ Authorization: 'Bearer first' });
  expect(await auth.authenticate({ authorization: 'Bearer second' })).toEqual({ subject: 'token 2' });
  writeFileSync(path, 'renewed\n');
  await settings.clock.advance(1000);
  await expect(auth.authenticate({ authorization: 'Bearer second' })).rejects.toThrow(UnauthenticatedError);
  writeFileSync(path, '\n');
  await settings.clock.advance(1000);
  expect(await auth.authenticate({ authorization: 'Bearer renewed' })).toEqual({ subject: 'token 1' });
  expect(settings.logger.entries.map((entry) => entry.level)).toEqual(['info', 'warn']);
});

test('a token of a file may be bound to hosts; a line that says something else is not shown', async () => {
  const path = join(createTempDir(), 'tokens');
  writeFileSync(path, 'free\nbound web01,*.example.com\n');
  const { auth } = await start({ filename: path });
  expect(await auth.authenticate({ authorization: 'Bearer free' })).toEqual({ subject: 'token 1' });
  const hosts = ['web01', '*.example.com'];
  expect(await auth.authenticate({ authorization: 'Bearer bound' })).toEqual({ subject: 'token 2', hosts });
  for (const line of ['secret web01 web02', 'secret web*', 'secret web01,']) {
    writeFileSync(path, `${line}\n`);
    const refused = await start({ filename: path }).catch((error: unknown) => String(error));
    expect(refused).toContain('entry 1: write a token, or a token, a blank and names of hosts');
    expect(refused).not.toContain('secret');
  }
});

test.each([
  [{ tokens: [{ token: 'a', hosts: [] }] }],
  [{ tokens: [{ token: 'a', hosts: ['a b'] }] }],
  [{ tokens: [{ token: 'a', hosts: ['web*'] }] }],
  [{}],
  [{ token: 'a', tokens: ['b'] }],
  [{ tokens: [] }],
  [{ token: 'two words' }],
  [{ token: 'a', header: 'a b' }],
])('configuration %j is refused', (config) => {
  expect(bearerTokenAuthFactory.schema.safeParse(config).success).toBe(false);
});

test('a missing file stops the start', async () => {
  await expect(start({ filename: 'does/not/exist' })).rejects.toThrow(/does\/not\/exist/);
});

describeComponentContract('bearertokenauth', (settings) => ({
  component: bearerTokenAuthFactory.create(settings, bearerTokenAuthFactory.schema.parse({ token: 'abc' })),
}));

async function start(config: unknown) {
  const settings = createTestSettings({ id: 'bearertokenauth' });
  const parsed = bearerTokenAuthFactory.schema.parse(config);
  const auth = bearerTokenAuthFactory.create(settings, parsed) as BearerTokenAuthExtension;
  await auth.start();
  onTestFinished(() => auth.shutdown());
  return { auth, settings };
}
