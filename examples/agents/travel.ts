import { AgentError, defineAgent } from '@braid/sdk';
import { note } from './_ledger';

const ledger = { type: 'string', minLength: 1, description: 'File that everything is noted in' };
const text = { type: 'string', minLength: 1 };

/** A travel agency that keeps its books in a file. */
export const book = defineAgent<{ readonly what: string; readonly ledger: string }>({
  name: 'travel.book',
  description: 'Books something and answers its number',
  inputSchema: { type: 'object', required: ['what', 'ledger'], properties: { what: text, ledger } },
  async run({ what, ledger: path }, { idempotencyKey, workflow }) {
    const noted = await note(path, { key: idempotencyKey, did: 'book', what });
    return { booking: `${noted.what}-${workflow.slice(-6)}` };
  },
});

export const cancel = defineAgent<{ readonly booking: string; readonly ledger: string }>({
  name: 'travel.cancel',
  description: 'Cancels a booking by its number',
  inputSchema: { type: 'object', required: ['booking', 'ledger'], properties: { booking: text, ledger } },
  async run({ booking, ledger: path }, { idempotencyKey }) {
    await note(path, { key: idempotencyKey, did: 'cancel', what: booking });
    return { cancelled: booking };
  },
});

export const pay = defineAgent<{ readonly card: string; readonly amount: number; readonly ledger: string }>({
  name: 'travel.pay',
  description: 'Takes money from a card, unless the card has expired',
  inputSchema: {
    type: 'object',
    required: ['card', 'amount', 'ledger'],
    properties: { card: text, amount: { type: 'number' }, ledger },
  },
  async run({ card, amount, ledger: path }, { idempotencyKey }) {
    if (card === 'expired') {
      throw new AgentError(`the card was declined for ${amount}`, { type: 'CardDeclined', retryable: false });
    }
    await note(path, { key: idempotencyKey, did: 'pay', what: String(amount) });
    return { paid: amount };
  },
});
