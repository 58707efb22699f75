import { write } from '../io.ts';
import type { Registry } from '../registry.ts';

const NOT_BUILT = {
  migrate: 'turn ossec.conf and agent.conf into our YAML',
};

/** Commands that are planned: they say so, instead of an error about an unknown word. */
export function registerNotBuilt({ program, io, action }: Registry): void {
  for (const [name, description] of Object.entries(NOT_BUILT)) {
    program
      .command(name)
      .description(`${description} (not built yet)`)
      .argument('[arguments...]')
      .allowUnknownOption()
      .action(
        action(async () => {
          await write(io.stderr, `otel-hids ${name}: not built yet (it will ${description})\n`);
          return 2;
        }),
      );
  }
}
