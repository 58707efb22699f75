import type { Stability } from '../../component/factory.ts';
import { write } from '../io.ts';
import type { Registry } from '../registry.ts';

export function registerComponents({ program, io, action }: Registry): void {
  program
    .command('components')
    .description('what is built in, with its stability')
    .option('--json', 'as JSON')
    .action(
      action(async (options: { json?: boolean }) => {
        const { factories } = await import('../components.ts');
        const sections = Object.entries(factories).map(([section, list]) => [section, describe(list)] as const);
        if (options.json) await write(io.stdout, `${JSON.stringify(Object.fromEntries(sections), null, 2)}\n`);
        else {
          for (const [section, list] of sections) {
            const lines = list.map(
              ({ type, stability, description }) => `  ${type.padEnd(18)}${stability.padEnd(8)}${description}\n`,
            );
            await write(io.stdout, `${section}:\n${lines.join('')}`);
          }
        }
        return 0;
      }),
    );
}

interface Description {
  type: string;
  stability: Stability;
  description: string;
}

function describe(list: readonly Description[]): Description[] {
  return list.map(({ type, stability, description }) => ({ type, stability, description }));
}
