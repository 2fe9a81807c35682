import { type Json } from '@braid/events';

/** One run of an agent. */
export type Effect = { readonly attempt: number; readonly runner: string; outcome: string | undefined };

type Step = { readonly workflow: string; readonly branch: string; readonly step: string };

/** What agents did to the world outside, which no failure of Braid can undo. */
export class Effects {
  private readonly byStep = new Map<string, { readonly keys: Set<string>; readonly runs: Effect[] }>();
  count = 0;

  begun(at: Step, attempt: number, runner: string, idempotencyKey: string): Effect {
    const name = nameOf(at);
    let known = this.byStep.get(name);
    if (!known) this.byStep.set(name, (known = { keys: new Set(), runs: [] }));
    const effect: Effect = { attempt, runner, outcome: undefined };
    known.keys.add(idempotencyKey);
    known.runs.push(effect);
    this.count++;
    return effect;
  }

  /** Why this outcome cannot be: no agent did it, or not as this attempt. */
  contradicts(at: Step, attempt: number, runner: string, output: Json): string | undefined {
    const known = this.byStep.get(nameOf(at));
    if (known === undefined) return 'no agent ran it';
    const outcome = JSON.stringify(output);
    const is = (run: Effect) => run.attempt === attempt && run.runner === runner && run.outcome === outcome;
    return known.runs.some(is) ? undefined : `no run of attempt ${attempt} on ${runner} gave ${outcome}`;
  }

  /** Steps whose runs did not all have one idempotency key. */
  withSeveralKeys(): readonly string[] {
    return [...this.byStep].filter(([, { keys }]) => keys.size !== 1).map(([name]) => name);
  }
}

const nameOf = ({ workflow, branch, step }: Step) => `${workflow}/${branch}/${step}`;
