import { expect, it } from 'vitest';
import { releaseBytes } from '../../src/pdata/release-bytes.ts';

it.each<[string, () => { bytes: Uint8Array; left: number }]>([
  ['gives memory back that is theirs alone', () => ({ bytes: new Uint8Array([1, 2]), left: 0 })],
  ['leaves a part of a larger buffer alone', () => ({ bytes: new Uint8Array([1, 2, 3]).subarray(1), left: 3 })],
  ['leaves shared memory alone', () => ({ bytes: new Uint8Array(new SharedArrayBuffer(2)), left: 2 })],
  ['has nothing to do for no bytes', () => ({ bytes: new Uint8Array(0), left: 0 })],
])('%s', (_name, make) => {
  const { bytes, left } = make();
  releaseBytes(bytes);
  releaseBytes(bytes);
  expect(bytes.buffer.byteLength).toBe(left);
});
