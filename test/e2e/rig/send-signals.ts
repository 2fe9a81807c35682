import { randomUUID } from 'node:crypto';
import { type CommandMessage, defaultPartitions, partitionOf, subjects } from '@braid/contracts';
import { type JsonObject } from '@braid/events';
import { type Stack } from './stack';

/** Sends each payload under its name. A signal that comes before its step waits for it is kept. */
export async function sendSignals({ bus }: Stack, workflow: string, signals: JsonObject): Promise<void> {
  const subject = subjects.command(partitionOf(workflow, defaultPartitions), workflow);
  for (const [name, payload] of Object.entries(signals)) {
    const signal: CommandMessage = { workflow, command: 'signal', name, payload, id: randomUUID() };
    await bus.publisher.publish(subject, JSON.stringify(signal));
  }
}
