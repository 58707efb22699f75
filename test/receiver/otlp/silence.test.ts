import { expect, test } from 'vitest';
import { httpOnly, post, startReceiver, uidRequest } from './setup.ts';

test('a host that has sent and falls silent is reported, and so is everybody', async () => {
  const running = await startReceiver({ ...httpOnly(), expect_every: '10m' });
  const { clock } = running.settings;
  const events = () =>
    running.host.healthEvents.map(({ name, subject, fields }) => `${name} ${subject} ${fields?.silent}`);
  await post(running, { body: uidRequest(['a'], { 'host.name': 'web01' }) });
  await clock.advance(300_000);
  await post(running, { body: uidRequest(['b'], { 'host.name': 'web02' }) });
  await clock.advance(310_000);
  expect(events()).toEqual(['source silent web01 600s']);
  await clock.advance(300_000);
  expect(events().slice(1)).toEqual(['source silent otlp 600s', 'source silent web02 600s']);
  await post(running, { body: uidRequest(['c'], { 'host.name': 'web02' }) });
  expect(events().slice(3)).toEqual(['source active otlp 610s', 'source active web02 610s']);
});
