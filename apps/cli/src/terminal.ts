import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** Where a command writes to. */
export type Terminal = {
  /** A person watches: lines may be drawn again. */
  readonly interactive: boolean;
  /** Columns of a line. */
  readonly width: number;
  readonly colours: Colours;
  /** Writes the answer of the command, one or more lines. */
  print(text: string): void;
  printJson(value: unknown): void;
  /** Writes what is no part of the answer: progress, warnings, errors. */
  note(text: string): void;
};

const widthWithoutTerminal = 120;

/** The terminal of this process. Colours follow NO_COLOR and FORCE_COLOR. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  // Whoever read the output has gone, as in `braid ps | head -1`: there is nobody left to work for.
  stdout.once('error', () => process.kill(process.pid, 'SIGTERM'));
  stdout.on('error', () => undefined);
  stderr.on('error', () => undefined);
  return {
    interactive: stdout.isTTY,
    get width() {
      return stdout.isTTY ? stdout.columns : widthWithoutTerminal;
    },
    colours: pc.createColors(pc.isColorSupported && (stdout.isTTY || process.env['FORCE_COLOR'] !== undefined)),
    print: (text) => void stdout.write(`${text}\n`),
    printJson: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
  };
}
