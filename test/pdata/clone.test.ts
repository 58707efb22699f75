import { expect, it } from 'vitest';
import type { Attributes } from '../../src/pdata/any-value.ts';
import { cloneBatch } from '../../src/pdata/clone.ts';
import { createBatch } from '../support/batches.ts';

it('copies a batch so deeply that nothing changed in the copy is seen in the original', () => {
  const nested: Attributes = new Map([['list', [1n, new Map([['deep', 'x']])]]]);
  const batch = createBatch(['text', { body: nested, attributes: new Map([['__proto__', nested]]) }]);
  batch.logs.push({ ...batch.logs[0], records: [] });
  const copy = cloneBatch(batch);
  expect(copy).toEqual(batch);

  copy.logs[0].resource.attributes.set('host.name', 'other');
  copy.logs[0].scope.name = 'other';
  copy.logs[0].records[0].body = 'other';
  copy.logs[0].records[1].attributes.set('a', 1);
  const list = (copy.logs[0].records[1].body as Attributes).get('list') as unknown[];
  (list[1] as Attributes).set('deep', 'other');
  list.push('more');
  copy.logs[0].records.pop();

  expect(batch.logs[0].resource.attributes.size).toBe(0);
  expect(batch.logs[0].scope.name).toBe('test');
  expect(batch.logs[0].records).toHaveLength(2);
  expect(batch.logs[0].records[0].body).toBe('text');
  expect([...batch.logs[0].records[1].attributes.keys()]).toEqual(['__proto__']);
  expect(nested).toEqual(new Map([['list', [1n, new Map([['deep', 'x']])]]]));
  // Groups that share a resource share it in the copy as well.
  expect(copy.logs[1].resource).toBe(copy.logs[0].resource);
});
