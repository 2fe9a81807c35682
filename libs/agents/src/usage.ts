import { type Amounts, type Json } from '@braid/events';
import { type AttemptContext } from './agent';

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

/** Where in an output the amounts stand that were used, by unit: `{ tokens: usage.total_tokens }`. */
export type UsagePaths = { readonly [unit: string]: string };

/** JSON Schema of {@link UsagePaths} as a field of an input. */
export const usagePathsField = {
  usage: { type: 'object', additionalProperties: { type: 'string', minLength: 1, maxLength: 1_000 } },
} as const;

/** Reports the amounts that stand in an output. Where there is none, the log of the attempt says so. */
export function reportUsageIn(output: Json | undefined, paths: UsagePaths | undefined, ctx: AttemptContext): void {
  for (const [unit, path] of Object.entries(paths ?? {})) {
    const amount = valueAt(output, path);
    try {
      ctx.reportUsage(checkedAmounts({ [unit]: amount }));
    } catch (error) {
      ctx.log(`no usage at ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function valueAt(output: Json | undefined, path: string): Json | undefined {
  let at = output;
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as { readonly [key: string]: Json })[key];
  }
  return at;
}
