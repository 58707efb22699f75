/**
 * Puts the command line program together: some nine hundred modules, of which the start would look up and read each by
 * itself, become a few files that hold what is used of them. The library keeps the files that the compiler wrote.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

/** What the program runs: itself, and its threads under the names that they are started by. */
const ENTRIES = ['cli/main', 'processor/ruleset/workers/thread', 'storage/sqlite/writer-thread'];
/** Loaded when they are configured, and found in `node_modules` then. */
const ON_DEMAND = ['@grpc/grpc-js', '@keyv/postgres', '@keyv/redis', '@keyv/valkey'];
/** One level below the target, as all pieces are. */
const PIECES = 'pieces';
const LICENSES = 'third-party-licenses.txt';

/** Throws where something that is imported cannot be found. */
export async function bundleProgram(root: string): Promise<void> {
  const source = join(root, 'src');
  const target = join(root, 'dist');
  const packages = new Set<string>();
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, join(source, `${entry}.ts`)])),
    platform: 'node',
    external: ON_DEMAND,
    plugins: [keepPlaces(source), leaveFetchOut, notePackages(packages)],
    onLog(level, log) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      if (level === 'warn') process.stderr.write(`${log.message}\n`);
    },
  });
  // Their names change with what they hold.
  rmSync(join(target, PIECES), { recursive: true, force: true });
  await bundle.write({
    dir: target,
    format: 'esm',
    // One letter beyond latin1 doubles the memory that a whole file takes, also in a comment. Licenses have a file.
    charset: 'ascii',
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: `${PIECES}/[name]-[hash].js`,
    sourcemap: true,
  });
  await bundle.close();
  writeFileSync(join(target, LICENSES), [...packages].sort().map(licenseOf).join('\n\n'));
}

/** A module that looks for files beside itself finds them where it would be without having become part of a piece. */
function keepPlaces(source: string): Plugin {
  return {
    name: 'keep-places',
    transform(code, id) {
      const place = relative(source, id).replace(/\.ts$/, '');
      // An entry stays where it is.
      if (!id.startsWith(source) || ENTRIES.includes(place) || !code.includes('import.meta.url')) return undefined;
      const there = `new URL('../${place}.js', import.meta.url).href`;
      return { code: code.replaceAll('import.meta.url', there), map: null };
    },
  };
}

/**
 * Who imports `node:http` gets all that it exports, a WebSocket too, and with that Node's whole `fetch`: 20 ms and 14 MB
 * for what nobody uses. Who requires it gets what he takes.
 */
const leaveFetchOut: Plugin = {
  name: 'leave-fetch-out',
  resolveId: (source) => (source === 'node:http' ? HTTP : undefined),
  load: (id) => (id === HTTP ? `module.exports = process.getBuiltinModule('node:http');` : undefined),
};
const HTTP = '\0http.cjs';

/** Adds the folder of every package of others that has code in the bundle. */
function notePackages(packages: Set<string>): Plugin {
  return {
    name: 'note-packages',
    generateBundle(_, pieces) {
      for (const piece of Object.values(pieces)) {
        for (const id of piece.type === 'chunk' ? piece.moduleIds : []) {
          const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0];
          if (folder !== undefined) packages.add(folder);
        }
      }
    },
  };
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE']
    .map((at) => join(folder, at))
    .find(existsSync);
  return `${name} ${version} (${license})\n\n${file === undefined ? 'Its package holds no text of the license.' : readFileSync(file, 'utf8').trim()}`;
}
