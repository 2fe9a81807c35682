import { Problem } from '../problems/problem';

/**
 * Ids are one token of a NATS subject; anything else cannot be a workflow.
 * @throws Problem `workflow.not-found`
 */
export function requireWorkflowId(text: string): void {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(text)) return;
  throw new Problem('workflow.not-found', 'An id has letters, digits, - and _, and at most 128 of them');
}
