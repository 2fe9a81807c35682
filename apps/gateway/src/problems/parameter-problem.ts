import { type PlaybookProblem } from '@braid/contracts';
import { Problem } from './problem';

/** A parameter, header or field beside the body that cannot be used. */
export function parameterProblem(path: string, message: string, suggestion?: string): Problem {
  const problem: PlaybookProblem = {
    path,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
    severity: 'error',
  };
  return new Problem('request.invalid', `${path}: ${message}`, { problems: [problem] });
}
