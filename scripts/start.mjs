/** `npm start [-- options]`: prepares the working copy, then runs `braid up` with the given options until it ends. */
import { spawn } from 'node:child_process';
import { bootstrap, cliMain } from './bootstrap.mjs';

bootstrap();

const child = spawn(process.execPath, [cliMain, 'up', ...process.argv.slice(2)], { stdio: 'inherit' });

// A terminal sends Ctrl-C to every process in the foreground, this one and the child alike: passing it on would make
// the child see it twice. npm passes signals on as well, so a repeat within a second is the same request.
const repeatWithinMs = 1_000;
const lastSeen = new Map();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    const now = Date.now();
    const repeated = now - (lastSeen.get(signal) ?? -Infinity) < repeatWithinMs;
    lastSeen.set(signal, now);
    const fromTerminal = signal === 'SIGINT' && process.stdin.isTTY;
    if (!repeated && !fromTerminal) child.kill(signal);
  });
}

child.on('error', (error) => {
  console.error(`Braid: could not start: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
