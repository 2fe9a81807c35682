import { Console } from 'node:console';
import { type Writable } from 'node:stream';

type LineListener = (line: string) => void;

let listener: LineListener | undefined;

/**
 * Makes everything that agent code prints in this thread (`console.log`, `process.stdout.write`) lines of the log of the
 * attempt that runs now. The runner's own output is a log of JSON lines, which foreign text would break. The streams stay
 * themselves: the parent talks to them at moments of its own, and a stream in their place would end the thread then.
 */
export function capturePrinting(): void {
  const { stdout, stderr } = process;
  intoLines(stdout);
  intoLines(stderr);
  globalThis.console = new Console({ stdout, stderr });
}

/** Names who hears the lines from now on; without a listener they are dropped. */
export function listenToLines(next: LineListener | undefined): void {
  listener = next;
}

function intoLines(stream: Writable): void {
  let open = '';
  stream._writev = (chunks, done) => {
    const texts = chunks.map(({ chunk }) => String(chunk));
    const lines = (open + texts.join('')).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) listener?.(line);
    done();
  };
}
