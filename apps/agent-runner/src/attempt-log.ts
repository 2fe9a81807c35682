import { type WorkMessage } from '@braid/contracts';
import { type Logger } from '@braid/service';

const mostLines = 1_000;
const longestLine = 4_000;

/** Where the lines of one attempt go. A flood is cut off: it would cost the whole runner, and its log. */
export function attemptLog(logger: Logger, work: WorkMessage): (line: string) => void {
  const { workflow, branch, step, attempt, agent } = work;
  const fields = { workflow, branch, step, attempt, agent };
  let lines = 0;
  return (line) => {
    lines++;
    if (lines <= mostLines) logger.info(fields, line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);
    else if (lines === mostLines + 1) logger.warn(fields, `more than ${mostLines} lines; the rest is dropped`);
  };
}
