import { type OpenEventStore } from '@braid/event-store';
import { UnknownWorkflowError, verify, type VerifyOptions, type VerifyReport } from '@braid/history';
import { Problem } from '../problems/problem';

/** Verifies some workflows at a time: whoever wants all of them verified does so by `braid verify`, outside of a gateway. */
export class Verification {
  private isRunning = false;

  constructor(private readonly stored: Pick<OpenEventStore, 'store' | 'inspection'>) {}

  /** @throws Problem `workflow.not-found`; `verification.under-way` while another one runs in this gateway. */
  async run(options: Pick<VerifyOptions, 'workflow' | 'playbook' | 'sample'>): Promise<VerifyReport> {
    if (this.isRunning) throw new Problem('verification.under-way', 'This gateway verifies already');
    this.isRunning = true;
    try {
      return await verify(this.stored, options);
    } catch (error) {
      if (error instanceof UnknownWorkflowError) throw new Problem('workflow.not-found', error.message);
      throw error;
    } finally {
      this.isRunning = false;
    }
  }
}
