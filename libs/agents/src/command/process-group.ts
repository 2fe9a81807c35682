import { type ChildProcess, spawn } from 'node:child_process';

export type GroupOptions = {
  readonly file: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  readonly stdin: string;
  readonly signal: AbortSignal;
  /** More on stdout ends the group. */
  readonly maxStdoutBytes: number;
  /** How much of the end of stderr is kept. */
  readonly stderrTailBytes: number;
  readonly onStderrLine: (line: string) => void;
};

export type GroupResult = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stdoutTooLong: boolean;
  readonly stderrTail: string;
};

const termGraceMs = 1_000;
const drainMs = 500;
const longestLine = 4_000;

/**
 * Runs a program in a process group of its own. When it ends, by itself or because the signal aborts, nothing of the group
 * is left: first SIGTERM, a second later SIGKILL, each to the whole group.
 * @throws what `spawn` reports when the program cannot be started.
 */
export function runGroup(options: GroupOptions): Promise<GroupResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.file, options.argv.slice(1), {
      argv0: options.argv[0] ?? options.file,
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const stop = groupStopper(child);
    const stdout = collect(options.maxStdoutBytes, stop.now);
    const stderr = tail(options.stderrTailBytes, options.onStderrLine);
    child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
    // A program that does not read its input closes the pipe; that is its own affair.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin);
    options.signal.addEventListener('abort', stop.gently, { once: true });
    if (options.signal.aborted) stop.gently();
    const settle = () => {
      options.signal.removeEventListener('abort', stop.gently);
      stop.done();
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', () => {
      // What the program left running in its group goes with it; a process that moved to another group may still hold the pipes.
      stop.now();
      setTimeout(() => [child.stdout, child.stderr].forEach((pipe) => pipe.destroy()), drainMs).unref();
    });
    child.once('close', (exitCode, signal) => {
      settle();
      const { bytes, tooLong } = stdout.result();
      resolve({ exitCode, signal, stdout: bytes, stdoutTooLong: tooLong, stderrTail: stderr.result() });
    });
  });
}

function groupStopper(child: ChildProcess) {
  let timer: NodeJS.Timeout | undefined;
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  };
  return {
    now: () => kill('SIGKILL'),
    gently: () => {
      kill('SIGTERM');
      timer ??= setTimeout(() => kill('SIGKILL'), termGraceMs);
    },
    done: () => clearTimeout(timer),
  };
}

function collect(maxBytes: number, onTooLong: () => void) {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    add(chunk: Buffer): void {
      const before = length;
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else if (before <= maxBytes) onTooLong();
    },
    result: () => ({ bytes: Buffer.concat(chunks), tooLong: length > maxBytes }),
  };
}

/** Keeps the end of a stream and hands out its lines as they come. */
function tail(bytes: number, onLine: (line: string) => void) {
  const decoder = new TextDecoder();
  let kept = Buffer.alloc(0);
  let open = '';
  return {
    add(chunk: Buffer): void {
      kept = Buffer.concat([kept, chunk]);
      if (kept.length > bytes) kept = kept.subarray(kept.length - bytes);
      const lines = (open + decoder.decode(chunk, { stream: true })).split('\n');
      open = (lines.pop() ?? '').slice(0, longestLine);
      for (const line of lines) onLine(line.slice(0, longestLine));
    },
    result(): string {
      if (open !== '') onLine(open);
      return kept.toString('utf8');
    },
  };
}
