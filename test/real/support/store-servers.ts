import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/process.ts';

/** A database server on loopback that a test has to itself. */
export interface StoreServer {
  uri: string;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Takes a copy of its data; it is ended for that, and started again. */
  copy(): Promise<void>;
  /** Ends it and starts it again with the copy, as after a failover to one that lagged behind. */
  setBack(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const PASSWORD = 'a-secret';

/** Undefined, with a printed message, where `redis-server` is not installed. */
export async function startRedis(): Promise<StoreServer | undefined> {
  const binary = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find(existsSync);
  if (!binary) return missing('redis-server');
  const dir = mkdtempSync(join(tmpdir(), 'otel-hids-redis-'));
  const [port] = await freePorts(1);
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--requirepass', PASSWORD];
  const start = () =>
    run(binary, [...args, '--appendonly', 'yes', '--appendfsync', 'always'], { ready: /Ready to accept connections/ });
  return server(`redis://:${PASSWORD}@127.0.0.1:${port}`, dir, start, 'SIGKILL');
}

/** Undefined, with a printed message, where PostgreSQL's programs are not installed. */
export async function startPostgres(): Promise<StoreServer | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const bin = versions.map((version) => join(root, version, 'bin')).find((dir) => existsSync(join(dir, 'initdb')));
  if (!bin) return missing('postgresql');
  const dir = mkdtempSync(join(tmpdir(), 'otel-hids-postgres-'));
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (user.uid !== undefined && user.gid !== undefined) chownSync(dir, user.uid, user.gid);
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, PASSWORD);
  const data = join(dir, 'data');
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'hids', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--no-sync'],
    { ...user, cwd: dir, stdio: 'ignore' },
  );
  const [port] = await freePorts(1);
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${dir}`];
  const start = () =>
    run(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      ...user,
      cwd: dir,
      ready: /database system is ready to accept connections/,
    });
  // SIGQUIT: all its processes end at once, without saving; SIGKILL would leave those that serve connections alive.
  return server(`postgres://hids:${PASSWORD}@127.0.0.1:${port}/postgres`, dir, start, 'SIGQUIT');
}

async function server(
  uri: string,
  dir: string,
  start: () => Promise<ChildProcess>,
  killSignal: NodeJS.Signals,
): Promise<StoreServer> {
  let child = await start();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(killSignal);
    await exited;
  };
  const restart = async () => {
    child = await start();
  };
  const spare = `${dir}-copy`;
  const replace = async (from: string, to: string) => {
    await kill();
    rmSync(to, { recursive: true, force: true });
    execFileSync('cp', ['-a', from, to]);
    await restart();
  };
  return {
    uri,
    kill,
    restart,
    copy: () => replace(dir, spare),
    setBack: () => replace(spare, dir),
    stop: async () => {
      await kill();
      for (const folder of [dir, spare]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface RunOptions {
  ready: RegExp;
  uid?: number;
  gid?: number;
  cwd?: string;
}

/** Resolves when the program has printed that it is ready. */
async function run(command: string, args: string[], { ready, ...options }: RunOptions): Promise<ChildProcess> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const onData = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
      if (ready.test(output)) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${output}`)));
  });
  return child;
}

function idOf(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
}

function missing(what: string): undefined {
  console.log(`skipped: ${what} is not installed`);
}
