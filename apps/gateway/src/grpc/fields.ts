import { type PlaybookProblem } from '@braid/contracts';
import { checkBody } from '../edge/body-rules';
import { type Dto, validated } from '../edge/validated';
import { Problem } from '../problems/problem';

/** What the protos call a field that the rules know by its name in HTTP. */
const names: { readonly [field: string]: string } = {
  limit: 'page_size',
  cursor: 'page_token',
  q: 'query',
  type: 'types',
  executionMode: 'execution_mode',
};

/**
 * What a request says, held against the rules of the body that says the same over HTTP.
 * @throws Problem `input.invalid`, `body.too-deep`, `body.forbidden-*`.
 */
export async function bodyOf<T extends object>(dto: Dto<T>, plain: object): Promise<T> {
  checkBody(plain);
  return inOurNames(() => validated(dto, plain, 'body'));
}

/**
 * What a request says, held against the rules of the parameters that say the same over HTTP.
 * @throws Problem `request.invalid`
 */
export async function parametersOf<T extends object>(dto: Dto<T>, plain: object): Promise<T> {
  return inOurNames(() => validated(dto, plain, 'parameters'));
}

/** Runs what may refuse a field, and names the field as the protos do. */
export async function inOurNames<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Problem) || error.extras.problems === undefined) throw error;
    if (!error.extras.problems.some(({ path }) => path in names)) throw error;
    const problems = error.extras.problems.map(renamed);
    const detail = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new Problem(error.code, detail, { ...error.extras, problems }, error);
  }
}

function renamed(problem: PlaybookProblem): PlaybookProblem {
  const { path, message } = problem;
  const name = names[path];
  if (name === undefined) return problem;
  return {
    ...problem,
    path: name,
    message: message.startsWith(`${path} `) ? name + message.slice(path.length) : message,
  };
}
