import { FAULTS, type Fault } from '../../chaos/faults.ts';
import { pause } from '../../chaos/program.ts';
import { runSeed, type SeedResult } from '../../chaos/seed.ts';
import { StoreProxy } from '../support/store-proxy.ts';
import type { StoreServer } from '../support/store-servers.ts';

/** Faults of the program itself, of its clock, its rules and its backend; what spoils the local disk is another test's. */
const LOCAL_FAULTS = FAULTS.map(({ name }) => name).filter((name) => !/disk|writes|descriptors/.test(name));

/** Crash test of the real program with its state on a server, reached through a connection that breaks, too. */
export async function runStoreSeed(seed: number, server: StoreServer, faults: number): Promise<SeedResult> {
  const url = new URL(server.uri);
  const proxy = new StoreProxy(Number(url.port));
  url.port = `${await proxy.listen()}`;
  const more = createStoreFaults(server, proxy);
  try {
    return await runSeed({
      seed,
      entry: 'src/cli/main.ts',
      size: { phases: 2, steps: 10, changes: 1 },
      faults,
      only: [...LOCAL_FAULTS, ...more.map(({ name }) => name)],
      more,
      storage: (run) => ({
        uri: url.href,
        namespace: `chaos-${new URL(server.uri).protocol.slice(0, -1)}-${seed}-${run}`,
        lease: '600ms',
      }),
    });
  } finally {
    await proxy.close();
  }
}

function createStoreFaults(server: StoreServer, proxy: StoreProxy): Fault[] {
  return [
    {
      name: 'store: connection breaks',
      weight: 6,
      async run({ random }) {
        await pause(random.next() * 40);
        proxy.cut();
      },
    },
    {
      name: 'store: out of reach',
      weight: 4,
      async run({ random }) {
        proxy.behave('closed');
        proxy.cut();
        await pause(random.int(100, 1500));
        proxy.behave('open');
      },
    },
    {
      name: 'store: out of reach, SIGKILL, restart',
      weight: 3,
      async run({ random, program }) {
        proxy.behave('closed');
        proxy.cut();
        await pause(random.int(0, 500));
        await program.kill();
        program.startMayFail = true;
        const started = program.start();
        await pause(random.int(100, 1500));
        proxy.behave('open');
        await started;
        program.startMayFail = false;
      },
    },
    {
      name: 'store: answers are lost',
      weight: 5,
      async run({ random }) {
        proxy.behave('mute');
        await pause(random.int(10, 400));
        proxy.cut();
        proxy.behave('open');
      },
    },
    {
      name: 'store: answers are lost, SIGKILL, restart',
      weight: 5,
      async run({ random, program }) {
        proxy.behave('mute');
        await pause(random.int(5, 200));
        await program.kill();
        proxy.cut();
        proxy.behave('open');
        await program.start();
      },
    },
    {
      name: 'store: silent for a while',
      weight: 3,
      async run({ random }) {
        proxy.behave('silent');
        await pause(random.int(100, 2500));
        proxy.behave('open');
      },
    },
    {
      name: 'store: commands arrive late',
      weight: 5,
      async run({ random }) {
        proxy.behave('silent');
        await pause(random.int(10, 300));
        proxy.cutAndDeliverLate(random.int(50, 1500));
        proxy.behave('open');
      },
    },
    {
      name: 'store: killed and restarted',
      weight: 4,
      async run({ random }) {
        await server.kill();
        await pause(random.int(0, 800));
        await server.restart();
      },
    },
    {
      name: 'store: killed, SIGKILL, both restarted',
      weight: 2,
      async run({ random, program }) {
        await server.kill();
        await pause(random.int(0, 200));
        await program.kill();
        await server.restart();
        await program.start();
      },
    },
  ];
}
