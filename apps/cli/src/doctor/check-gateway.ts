import { BraidClient } from '@braid/sdk';
import { type Finding, messageOf } from './finding';

/** The gateway, and the runners that it hears. */
export async function checkGateway(url: string): Promise<readonly Finding[]> {
  const subject = 'Gateway';
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    const answer = await response.text();
    if (!response.ok) {
      const advice = 'Correct what it names; the gateway is ready again by itself.';
      return [{ subject, state: 'bad', message: `${url} is not ready: ${answer.slice(0, 300)}`, advice }];
    }
    const { runners } = await new BraidClient({ baseUrl: url }).runners();
    return [
      { subject, state: 'good', message: `${url} is ready` },
      runnersFound(runners.filter(({ draining }) => !draining).map(({ runner }) => runner)),
    ];
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const advice = 'Start it ("npm start" starts everything), or name its address with --url or BRAID_URL.';
    return [{ subject, state: 'bad', message: `${url} cannot be reached: ${messageOf(cause)}`, advice }];
  }
}

function runnersFound(names: readonly string[]): Finding {
  const subject = 'Runners';
  if (names.length > 0) return { subject, state: 'good', message: names.join(', ') };
  const advice = 'Start an agent-runner: until then, requested work waits.';
  return { subject, state: 'bad', message: 'none was heard lately', advice };
}
