#!/usr/bin/env node
/** The only place that ends the process. */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`otel-hids needs Node.js 22.19 or newer; this is ${process.version} (${process.execPath})\n`);
  process.exit(2);
}
// Who reads our output may have seen enough (`| head`).
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
// Loaded after the check: older versions lack modules that are imported there.
const { boundHeap } = await import('../heap.ts');
boundHeap(process.execArgv, process.env.NODE_OPTIONS);
const { runCli } = await import('./program.ts');
try {
  process.exitCode = await runCli(process.argv.slice(2), process);
} catch (error) {
  process.stderr.write(`otel-hids: unexpected error: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
// What is still open at the end (an idle connection, a reader of standard input) must not keep the process.
process.exit();
