import { type Amounts } from '@braid/events';

const unitPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * Amounts that an agent says it has used, by unit.
 * @throws TypeError for a name that is no unit, and for an amount that is no number from zero on.
 */
export function checkedAmounts(given: unknown): Amounts {
  if (typeof given !== 'object' || given === null)
    throw new TypeError('usage must be amounts by unit: { tokens: 1200 }');
  const amounts: { [unit: string]: number } = {};
  for (const [unit, amount] of Object.entries(given) as readonly (readonly [string, unknown])[]) {
    if (!unitPattern.test(unit)) {
      throw new TypeError(`${JSON.stringify(unit)} is no unit: use a letter, then letters, digits, "_", "-" and "."`);
    }
    if (unit === 'attempts') throw new TypeError('attempts are counted by Braid: every attempt is one');
    if (typeof amount !== 'number' || !(amount >= 0 && amount < Infinity)) {
      throw new TypeError(`the usage of ${unit} must be a number from 0 on, not ${String(amount)}`);
    }
    amounts[unit] = amount;
  }
  return amounts;
}

/** What one attempt has used so far. */
export class Usage {
  readonly #amounts = new Map<string, number>();

  add(amounts: Amounts): void {
    for (const [unit, amount] of Object.entries(amounts)) {
      this.#amounts.set(unit, (this.#amounts.get(unit) ?? 0) + amount);
    }
  }

  /** Undefined when nothing was reported. */
  get amounts(): Amounts | undefined {
    return this.#amounts.size === 0 ? undefined : Object.fromEntries(this.#amounts);
  }
}
