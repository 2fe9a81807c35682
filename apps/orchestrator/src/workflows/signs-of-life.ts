import { type HeartbeatMessage } from '@braid/contracts';
import { type SignsOfLife } from '@braid/workflow/decide';

type Sign = { readonly attempt: number; readonly startedAt: number; readonly seenAt: number };

const nothing: SignsOfLife = new Map();

/** What runners said of the attempts that they work on, since this process has been listening. */
export class SignsOfLifeRegister {
  private readonly byWorkflow = new Map<string, Map<string, Sign>>();

  /** `now` is this process's own clock: runners' clocks may differ. */
  heard(message: HeartbeatMessage, now: number): void {
    for (const { workflow, branch, attempt, startedAt } of message.attempts) {
      let signs = this.byWorkflow.get(workflow);
      if (!signs) this.byWorkflow.set(workflow, (signs = new Map()));
      const known = signs.get(branch);
      if (known !== undefined && known.attempt > attempt) continue;
      const begun = known?.attempt === attempt ? known.startedAt : Math.min(startedAt, now);
      signs.set(branch, { attempt, startedAt: begun, seenAt: now });
    }
  }

  of(workflow: string): SignsOfLife {
    return this.byWorkflow.get(workflow) ?? nothing;
  }

  /** Forgets what was last heard before `moment`. */
  forgetBefore(moment: number): void {
    for (const [workflow, signs] of this.byWorkflow) {
      for (const [branch, { seenAt }] of signs) if (seenAt < moment) signs.delete(branch);
      if (signs.size === 0) this.byWorkflow.delete(workflow);
    }
  }
}
