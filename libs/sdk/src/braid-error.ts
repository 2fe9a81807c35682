import { type PlaybookProblem, type ProblemDetails } from '@braid/contracts';

/** The service refused a request. `code` is stable; `problems` lists what is wrong with a playbook. */
export class BraidError extends Error {
  override readonly name = 'BraidError';
  readonly code: string;
  /** What went wrong, in the words of the code; the message says more where there is more to say. */
  readonly title: string;
  /** The HTTP status; 0 when the service could not be reached. */
  readonly status: number;
  readonly problems: readonly PlaybookProblem[];
  /** Milliseconds after which a repeat makes sense, when the service said so. */
  readonly retryAfter?: number;

  constructor(
    problem: Pick<ProblemDetails, 'title' | 'status' | 'code' | 'detail' | 'problems'>,
    options: { readonly retryAfter?: number; readonly cause?: unknown } = {},
  ) {
    super(problem.detail ?? problem.title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = problem.code;
    this.title = problem.title;
    this.status = problem.status;
    this.problems = problem.problems ?? [];
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}

/** The error that an HTTP answer stands for; an answer that is no problem document gets a code made from its status. */
export async function errorOf(response: Response): Promise<BraidError> {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const options = Number.isFinite(seconds) ? { retryAfter: seconds * 1_000 } : {};
  const text = await response.text().catch(() => '');
  const problem = problemIn(text);
  const title = response.statusText || `HTTP ${response.status}`;
  return new BraidError({ code: `http.${response.status}`, title, ...problem, status: response.status }, options);
}

function problemIn(text: string): Partial<ProblemDetails> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'code' in body ? (body as Partial<ProblemDetails>) : {};
  } catch {
    return {};
  }
}
