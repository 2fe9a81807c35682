import { type PlaybookProblem } from '@braid/contracts';
import { type Colours } from '../terminal';

/** One line per problem, as compilers write them: `file:line:column path message — suggestion`. */
export function problemLines(
  problems: readonly PlaybookProblem[],
  { colours, file }: { readonly colours: Colours; readonly file?: string },
): readonly string[] {
  return problems.map(({ path, line, column, message, suggestion, severity }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    const kind = severity === 'warning' ? colours.yellow('warning') : '';
    const told = suggestion === undefined ? message : `${message} ${colours.cyan(`— ${suggestion}`)}`;
    return [place, kind, colours.bold(path), told].filter((part) => part !== '').join(' ');
  });
}
