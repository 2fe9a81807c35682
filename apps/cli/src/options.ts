import { type Amounts, type Json, type JsonObject } from '@braid/events';
import { type Command, InvalidArgumentError } from 'commander';

/** `key=value` as given by --var and --context, gathered into one object. The value is JSON if it parses, else text. */
export function assignment(text: string, gathered: JsonObject = {}): JsonObject {
  const at = text.indexOf('=');
  const key = text.slice(0, at);
  if (at < 1) throw new InvalidArgumentError(`"${text}" has no name and value; write name=value.`);
  if (Object.hasOwn(gathered, key)) throw new InvalidArgumentError(`"${key}" is given twice.`);
  return { ...gathered, [key]: jsonOrText(text.slice(at + 1)) };
}

/** `unit=amount` as given by --budget, gathered into one object. */
export function allowance(text: string, gathered: Amounts = {}): Amounts {
  const [unit = '', amount = '', ...more] = text.split('=');
  const number = Number(amount);
  if (unit === '' || amount.trim() === '' || more.length > 0 || !(number >= 0 && number < Infinity)) {
    throw new InvalidArgumentError(`"${text}" is no unit and amount; write tokens=1000.`);
  }
  if (Object.hasOwn(gathered, unit)) throw new InvalidArgumentError(`"${unit}" is given twice.`);
  return { ...gathered, [unit]: number };
}

/** The value that a text of the command line stands for: JSON if it parses, else the text itself. */
export function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** A parser of whole numbers from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}

export type JsonOption = { readonly json?: true };
export type GatewayOptions = JsonOption & { readonly url?: string };

export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

/** The options of every command that talks to a gateway. */
export function withGateway(command: Command): Command {
  return withJson(command.option('--url <address>', 'address of the gateway (BRAID_URL)'));
}
