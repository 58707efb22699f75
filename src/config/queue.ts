import { z } from 'zod';
import { byteSize } from './byte-size.ts';
import { duration } from './duration.ts';
import { section } from './section.ts';

const schema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('false: a batch is accepted only when the other side has taken it; nothing is kept in between'),
  queue_size: z.int().min(1).default(10_000).describe('Requests that may wait'),
  queue_bytes: byteSize(1024, 2 ** 40)
    .prefault('256MiB')
    .describe('Bytes that may wait; whichever of the two limits is reached first counts'),
  num_consumers: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('Requests under way at once; more than one gives up the order of alerts'),
  storage: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Storage extension that keeps the queue; default: the one that keeps detection state, in the same commit',
    ),
  block_on_overflow: z
    .boolean()
    .default(false)
    .describe('Full queue: wait for room instead of refusing, which senders over a network should hear of (429)'),
  drop_oldest_on_overflow: z
    .boolean()
    .default(false)
    .describe('Full queue: give up what waits longest, counted, instead of refusing'),
  drain_timeout: duration()
    .prefault('5s')
    .describe('How long a shutdown goes on delivering; what is left then stays in the queue'),
});

/** The Collector's `sending_queue` block, with bounds of our own. */
export const sendingQueueSchema = section(schema);

export type SendingQueueConfig = z.output<typeof schema>;

/** Pure checks of the block; `path` is where it stands in the component's configuration. */
export function validateSendingQueue(config: SendingQueueConfig, path = 'sending_queue'): string[] {
  if (config.block_on_overflow && config.drop_oldest_on_overflow) {
    return [`${path}: block_on_overflow and drop_oldest_on_overflow exclude each other`];
  }
  return [];
}
