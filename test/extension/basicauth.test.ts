import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { UnauthenticatedError } from '../../src/component/authenticator.ts';
import type { BasicAuthExtension } from '../../src/extension/basicauth/extension.ts';
import { basicAuthFactory } from '../../src/extension/basicauth/factory.ts';
import { createPasswordCheck } from '../../src/extension/basicauth/password-hash.ts';
import { describeComponentContract } from '../contract/component.ts';
import { createTestSettings } from '../support/settings.ts';
import { createTempDir } from '../support/temp-dir.ts';

/** Made by `openssl passwd`, by libcrypt (bcrypt) and, for the LDAP forms, `openssl sha1`, of the password below. */
const PASSWORD = 's3cret p';
const ENTRIES = [
  '$6$irwpHYFbHvZjtzmy$qcGW4/hyHD01DmqsGSv761zwq36yapIOxAInj7QMG2LDsx65ZfbVmA3LIALuhKQn2Sh.u2Pa6kUwW9UPKjaJ90',
  '$5$hIboiTH.MfVQVf6E$xpLRseJIy.yxKZ3W.BlApHVM6WPE1td4sKcFoGa4FYD',
  '$6$abcdefgh$sTkTu2oHzVzx6Dj0YCVSfckkzrlJWt5OG1TLmnOrHXv8VfwltlSZiAQ4T9KPoFVV58TldEgo6V60SeM4fC6wk.',
  '$apr1$tUuudS6f$N33Wx7ET.ryC9OTAHCei61',
  '$1$LSg.hMza$VA9ccwYv8ezXiAVd4lv5i.',
  '{SHA}xAUL6uGmZjqb50pL7H5XFxX3St4=',
  '{SSHA}lD2Ubqz8z5uRRc61aTgPilKxOzNzYWx0',
  's3cret p',
  '$2b$05$abcdefghijklmnopqrstuubwYBqlQ/a2DBJ3UH9izxSTuQWJUKqGi',
  '$2y$04$zyxwvutsrqponmlkjihgfeCN.hpl2ZM7I4PeGwBxVwUB3PBBXEvWC',
];

test.each(ENTRIES)('%s', async (entry) => {
  const check = createPasswordCheck(entry);
  if (typeof check === 'string') throw new Error(check);
  expect(await check(PASSWORD)).toBe(true);
  for (const wrong of ['', 's3cret', 's3cret p ', 'S3cret p', entry === PASSWORD ? 'x' : entry])
    expect(await check(wrong)).toBe(false);
});

test('a long text with rounds of its own', async () => {
  const entry =
    '$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1';
  const check = createPasswordCheck(entry);
  if (typeof check === 'string') throw new Error(check);
  const words = 'a very much longer text to encrypt.  This one even stretches over morethan one line.';
  expect(await check(words)).toBe(true);
  expect(await check(words.slice(1))).toBe(false);
});

test.each([
  ['$2y$10$abcdefghijklmnopqrstuuW1FpWwS', /no bcrypt hash/],
  [`$2y$13$${'a'.repeat(53)}`, /cost/],
  [`$2x$10$${'a'.repeat(53)}`, /no bcrypt hash/],
  ['$argon2id$v=19$x', /not supported/],
  ['{CRYPT}x', /not supported/],
  ['{SHA}short', /length/],
  ['$6$rounds=100000000$salt$hash', /rounds/],
  ['', /empty/],
])('%s is refused with a reason', (entry, reason) => {
  expect(createPasswordCheck(entry)).toMatch(reason);
});

describe('server', () => {
  test('lets known users in and says nothing of why others stay out', async () => {
    const auth = await start({ htpasswd: { inline: `# users\n\nann:${ENTRIES[0]}\nbob:${ENTRIES[5]}\n` } });
    for (let time = 0; time < 2; time++) {
      expect(await auth.authenticate({ authorization: basic('ann', PASSWORD) })).toEqual({ subject: 'ann' });
    }
    expect(await auth.authenticate({ authorization: basic('bob', PASSWORD).replace('Basic', 'bASIC') })).toEqual({
      subject: 'bob',
    });
    const refusals = [
      basic('ann', 'wrong'),
      basic('eve', PASSWORD),
      basic('__proto__', PASSWORD),
      basic('ann', 'x'.repeat(5000)),
      basic('', PASSWORD),
      `Basic ${Buffer.from('ann').toString('base64')}`,
    ];
    for (const authorization of refusals) {
      await expect(auth.authenticate({ authorization })).rejects.toThrow('user or password is wrong');
    }
    for (const authorization of [undefined, '', 'Basic', 'Bearer abc', 'Basic ***']) {
      const refused = auth.authenticate({ authorization });
      await expect(refused).rejects.toThrow(UnauthenticatedError);
      await expect(refused).rejects.toMatchObject({ challenge: expect.stringMatching(/^Basic realm=/) });
    }
  });

  test('checks a bounded number of passwords at a time', async () => {
    const auth = await start({ htpasswd: { inline: `ann:${ENTRIES.at(-1)}\n` } });
    const attempts = Array.from({ length: 40 }, (_, index) =>
      auth.authenticate({ authorization: basic('ann', `wrong ${index}`) }).catch((error: Error) => error.message),
    );
    const answers = await Promise.all(attempts);
    expect(answers.filter((text) => text === 'user or password is wrong')).toHaveLength(16);
    expect(answers.filter((text) => text === 'too many attempts at a time')).toHaveLength(24);
    expect(await auth.authenticate({ authorization: basic('ann', PASSWORD) })).toEqual({ subject: 'ann' });
  });

  test('reads its file again when it changes, and keeps what it had where the new one is broken', async () => {
    const dir = createTempDir();
    const path = join(dir, 'htpasswd');
    writeFileSync(path, 'ann:one\n');
    const { auth, settings } = await startWith({ htpasswd: { file: path } });
    await auth.authenticate({ authorization: basic('ann', 'one') });
    writeFileSync(path, 'ann:another\n');
    await settings.clock.advance(1000);
    await expect(auth.authenticate({ authorization: basic('ann', 'one') })).rejects.toThrow(UnauthenticatedError);
    await auth.authenticate({ authorization: basic('ann', 'another') });
    writeFileSync(path, 'ann\n');
    await settings.clock.advance(1000);
    await auth.authenticate({ authorization: basic('ann', 'another') });
    expect(settings.logger.entries).toContainEqual(expect.objectContaining({ level: 'warn' }));
    expect(JSON.stringify(settings.logger.entries)).not.toContain('another');
  });
});

test('client sends what its files hold now', async () => {
  const dir = createTempDir();
  const file = join(dir, 'password');
  writeFileSync(file, 'pä:ss\n');
  const { auth, settings } = await startWith({ client_auth: { username: 'ann', password_file: file } });
  expect(await auth.clientHeaders()).toEqual({ Authorization: basic('ann', 'pä:ss') });
  writeFileSync(file, 'renewed\n');
  await settings.clock.advance(1000);
  expect(await auth.clientHeaders()).toEqual({ Authorization: basic('ann', 'renewed') });
});

test.each([
  [{}, /either `htpasswd` or `client_auth`/],
  [{ htpasswd: {} }, /`file` or `inline`/],
  [{ client_auth: { username: 'a' } }, /`password` or `password_file`/],
  [{ client_auth: { username: 'a:b', password: 'c' } }, /colon/],
])('configuration %j is refused', (config, reason) => {
  expect(basicAuthFactory.schema.safeParse(config).error?.message).toMatch(reason);
});

test.each([
  [{ htpasswd: { inline: 'no colon' } }, /line 1 of the htpasswd/],
  [{ htpasswd: { inline: 'ann:ok\nbob:$2y$10$x' } }, /line 2 .*bcrypt/],
  [{ htpasswd: { file: 'does/not/exist' } }, /does\/not\/exist/],
])('%j does not start', async (config, reason) => {
  await expect(start(config)).rejects.toThrow(reason);
});

describeComponentContract('basicauth', (settings) => ({
  component: basicAuthFactory.create(settings, basicAuthFactory.schema.parse({ htpasswd: { inline: 'a:b' } })),
}));

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

async function start(config: unknown): Promise<BasicAuthExtension> {
  return (await startWith(config)).auth;
}

async function startWith(config: unknown) {
  const settings = createTestSettings({ id: 'basicauth' });
  const auth = basicAuthFactory.create(settings, basicAuthFactory.schema.parse(config)) as BasicAuthExtension;
  await auth.start();
  onTestFinished(() => auth.shutdown());
  return { auth, settings };
}
