import { type Receipt } from '@braid/contracts';
import { randomBytes } from 'node:crypto';
import { type Signals } from './signals';

/** A receipt that is being waited for. */
export type ExpectedReceipt = {
  /** The subject that the orchestrator answers to. */
  readonly replyTo: string;
  readonly received: Promise<Receipt>;
  /** Must be called when nobody waits any more. */
  forget(): void;
};

/**
 * The receipts of one gateway: one subscription for all of them. The last token of the subject says which request is
 * meant; a receipt about another workflow than the one that was asked about is not accepted.
 */
export class Receipts {
  private readonly waiting = new Map<string, { readonly workflow: string; readonly accept: (r: Receipt) => void }>();
  private readonly prefix: string;
  private readonly unlisten: () => void;

  constructor(signals: Signals) {
    this.prefix = signals.inbox();
    this.unlisten = signals.listen(`${this.prefix}.*`, (subject, body) => this.heard(subject, body));
  }

  expect(workflow: string): ExpectedReceipt {
    const token = randomBytes(12).toString('hex');
    const received = new Promise<Receipt>((accept) => this.waiting.set(token, { workflow, accept }));
    return { replyTo: `${this.prefix}.${token}`, received, forget: () => void this.waiting.delete(token) };
  }

  close(): void {
    this.unlisten();
  }

  private heard(subject: string, body: Uint8Array): void {
    const entry = this.waiting.get(subject.slice(this.prefix.length + 1));
    const receipt = readReceipt(body);
    if (receipt === undefined || entry?.workflow !== receipt.workflow) return;
    entry.accept(receipt);
  }
}

/** A receipt that came over the wire, or undefined for anything else. */
function readReceipt(body: Uint8Array): Receipt | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('ok' in value) || !('workflow' in value)) return undefined;
  const shaped =
    value.ok === true
      ? 'version' in value && typeof value.version === 'number'
      : value.ok === false && 'code' in value && typeof value.code === 'string';
  return shaped ? (value as Receipt) : undefined;
}
