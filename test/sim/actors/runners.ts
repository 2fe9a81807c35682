import { type Agent, type AttemptContext, type Work } from '@braid/agents';
import { sleep } from '@braid/clock';
import { type Json } from '@braid/events';
import { Registry } from '@braid/service';
import { AgentError } from '@braid/sdk';

type AgentErrorOptions = NonNullable<ConstructorParameters<typeof AgentError>[1]>;
import { subjects } from '@braid/contracts';
import { CancelController } from '../../../apps/agent-runner/src/cancel.controller';
import { Runner } from '../../../apps/agent-runner/src/runner';
import { type SimProcess } from '../world/process';
import { inWords } from '../world/world';
import { type Start, type Surroundings } from './cluster';

const noFolder = { path: '/nowhere', remove: async () => undefined };

/** Starts the runner as its main file does, with a simulated bus and clock and agents that do what chance wants. */
export function runner(surroundings: Surroundings): Start {
  const { plan, world } = surroundings;
  return (process, bus, logger) => {
    const runner = new Runner(
      {
        bus,
        agents: [simAgent(process, surroundings)],
        scratch: { root: '/nowhere', folder: () => noFolder, close: async () => undefined },
        secrets: () => undefined,
        logger,
        registry: new Registry(),
        clock: process.clock,
      },
      {
        name: process.name,
        slots: plan.slots,
        heartbeatIntervalMs: 500,
        drainTimeoutMs: 2_000,
        maxOutputBytes: 10_000,
      },
    );
    const cancels = new CancelController(runner, logger);
    bus.listen(subjects.cancel, ({ value }) => cancels.cancel(Buffer.from(JSON.stringify(value))));
    runner.start().catch((error: unknown) => {
      // As the real one, it ends when it cannot start.
      world.log(process.name, `could not start: ${inWords(error).split('\n')[0]}`);
      process.die();
    });
    return async () => {
      await runner.drain();
      await bus.close();
    };
  };
}

const failures: readonly [AgentErrorOptions, ...AgentErrorOptions[]] = [
  { code: 'agent-error' },
  { code: 'agent-error', type: 'Fatal' },
  { code: 'invalid-input', retryable: false },
  { code: 'rate-limited', retryAfter: 500 },
  { code: 'overloaded' },
];

function simAgent(process: SimProcess, { auditor, plan, world, weather }: Surroundings): Agent {
  const { chance } = world;
  const { meanMs, fails, hangs } = plan.agents;
  const isCalm = () => weather.mortality === 0 && weather.lost === 0;
  return {
    name: 'builtin.echo',
    ...(plan.concurrency !== undefined && { concurrency: plan.concurrency }),
    async run(work: Work, ctx: AttemptContext): Promise<Json> {
      const { attempt, idempotencyKey, branch } = work;
      const effect = auditor.effects.begun(work, attempt, process.name, idempotencyKey);
      world.log(process.name, `runs ${work.workflow}/${branch}/${work.step}/${attempt}`);
      const stopped = new Promise<never>((_resolve, reject) =>
        ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error), { once: true }),
      );
      stopped.catch(() => undefined);
      const isDeaf = chance.happens(0.1);
      const done =
        chance.happens(hangs) && !isCalm()
          ? new Promise<never>(() => undefined)
          : sleep(process.clock, chance.skewed(meanMs));
      await (isDeaf ? done : Promise.race([done, stopped]));
      if (chance.happens(fails)) throw new AgentError('it was to fail', chance.pick(failures));
      const output = chance.happens(0.1)
        ? chance.pick<Json>([null, 'text', [], { v: 'not a number' }])
        : { v: chance.whole(0, 4), by: process.name, at: Math.round(world.now) };
      effect.outcome = JSON.stringify(output);
      return output;
    },
  };
}
