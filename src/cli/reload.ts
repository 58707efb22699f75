import type { Processor } from '../component/component.ts';
import { ConfigError } from '../component/errors.ts';
import type { Logger } from '../component/host.ts';
import type { PipelinesSpec } from '../pipeline/spec.ts';

interface Reloadable {
  reload(): Promise<void> | void;
}

/** The specification as it is, and the processors that were made from it. */
export interface TrackedSpec {
  readonly spec: PipelinesSpec;
  readonly processors: { id: string; processor: Processor }[];
}

/** Remembers every processor that is made, so that they can be asked to reload. */
export function trackProcessors(spec: PipelinesSpec): TrackedSpec {
  const made: { id: string; processor: Processor }[] = [];
  const processors = new Map(
    [...spec.processors].map(([id, component]) => {
      const { factory } = component;
      const tracked: typeof factory = {
        ...factory,
        create: (settings, config, next) => {
          const processor = factory.create(settings, config, next);
          made.push({ id: settings.id, processor });
          return processor;
        },
      };
      return [id, { ...component, factory: tracked }];
    }),
  );
  return { spec: { ...spec, processors }, processors: made };
}

/** Asks every processor that can to read its rules and lists again; one that refuses goes on with what it has. */
export async function reloadAll(processors: TrackedSpec['processors'], logger: Logger): Promise<void> {
  for (const { id, processor } of processors) {
    if (!isReloadable(processor)) continue;
    try {
      await processor.reload();
      logger.info({ component: id }, 'reloaded');
    } catch (error) {
      // Refused: the processor has said so, with the reason.
      if (!(error instanceof ConfigError)) logger.error({ component: id, error }, 'reload failed');
    }
  }
}

function isReloadable(processor: Processor): processor is Processor & Reloadable {
  return typeof (processor as Partial<Reloadable>).reload === 'function';
}
