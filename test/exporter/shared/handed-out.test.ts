import { describe, expect, it } from 'vitest';
import { HandedOut } from '../../../src/exporter/shared/handed-out.ts';
import { createBatch } from '../../support/batches.ts';
import { recordsOf, TestWorkUnit } from '../../support/consumers.ts';

const batch = (...uids: string[]) =>
  createBatch(uids.map((uid) => ({ body: uid, attributes: new Map([['log.record.uid', uid]]) })));
const texts = (handedOut: HandedOut, ...uids: string[]) =>
  recordsOf([handedOut.without(batch(...uids))]).map((record) => record.body);

function rollBack(handedOut: HandedOut, ...uids: string[]): void {
  const work = new TestWorkUnit();
  handedOut.track(batch(...uids), work);
  work.rollback();
}

describe('HandedOut', () => {
  it('knows what left for a batch that was rolled back', () => {
    const handedOut = new HandedOut();
    handedOut.track(batch('a'), new TestWorkUnit());
    expect(texts(handedOut, 'a')).toEqual(['a']);
    rollBack(handedOut, 'a', 'b');
    expect(texts(handedOut, 'a', 'c', 'b')).toEqual(['c']);
  });

  it('forgets the oldest beyond its limit', () => {
    const handedOut = new HandedOut(2);
    rollBack(handedOut, 'a', 'b', 'c');
    expect(texts(handedOut, 'a', 'b', 'c')).toEqual(['a']);
  });

  it('lets records without a uid pass', () => {
    const handedOut = new HandedOut();
    const work = new TestWorkUnit();
    handedOut.track(createBatch(['a']), work);
    work.rollback();
    rollBack(handedOut, '', 'x');
    expect(recordsOf([handedOut.without(createBatch(['a']))])).toHaveLength(1);
  });
});
