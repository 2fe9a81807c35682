import { Console } from 'node:console';
import { Writable } from 'node:stream';

type LineListener = (line: string) => void;

let listener: LineListener | undefined;

/**
 * Makes everything that agent code prints in this thread (`console.log`, `process.stdout.write`) lines of the log of the
 * attempt that runs now. The runner's own output is a log of JSON lines, which foreign text would break.
 */
export function capturePrinting(): void {
  const stdout = lineStream();
  const stderr = lineStream();
  Object.defineProperty(process, 'stdout', { value: stdout });
  Object.defineProperty(process, 'stderr', { value: stderr });
  globalThis.console = new Console({ stdout, stderr });
}

/** Names who hears the lines from now on; without a listener they are dropped. */
export function listenToLines(next: LineListener | undefined): void {
  listener = next;
}

function lineStream(): Writable {
  let open = '';
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const lines = (open + chunk.toString()).split('\n');
      open = lines.pop() ?? '';
      for (const line of lines) listener?.(line);
      done();
    },
  });
}
