/** A check throws, with what is wrong, or resolves. */
export type Readiness = { readonly [name: string]: () => void | Promise<void> };

export type ReadinessAnswer = {
  readonly status: 'ok' | 'unavailable';
  /** `ok`, or what is wrong. */
  readonly checks: { readonly [name: string]: string };
};

const checkTimeoutMs = 2_000;

/** Runs all checks at once. A check that has not answered after two seconds counts as failed. */
export async function readinessOf(checks: Readiness): Promise<ReadinessAnswer> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
  );
  return {
    status: results.every(([, result]) => result === 'ok') ? 'ok' : 'unavailable',
    checks: Object.fromEntries(results),
  };
}

async function outcome(check: () => void | Promise<void>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${checkTimeoutMs} ms`), checkTimeoutMs);
  });
  try {
    return await Promise.race([
      Promise.resolve()
        .then(check)
        .then(() => 'ok'),
      late,
    ]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
