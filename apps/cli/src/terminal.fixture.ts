import pc from 'picocolors';
import { type Cli, createCli } from './cli';

/** Without colours, so that tests compare what people read. */
export const plain = pc.createColors(false);

/** A command line's surroundings that keep what was written. */
export function recordingCli(environment: Cli['environment'] = {}): {
  readonly cli: Cli;
  readonly printed: string[];
  readonly noted: string[];
} {
  const printed: string[] = [];
  const noted: string[] = [];
  const cli = createCli(
    {
      interactive: false,
      width: 120,
      colours: plain,
      print: (text) => void printed.push(text),
      printJson: (value) => void printed.push(JSON.stringify(value)),
      note: (text) => void noted.push(text),
    },
    environment,
  );
  return { cli, printed, noted };
}
