import type { AnyValue } from '../../../src/pdata/any-value.ts';
import type { CollectingIntake } from '../../support/consumers.ts';

export function bodiesOf(intake: CollectingIntake): AnyValue[] {
  return intake.records.map((record) => record.body);
}
