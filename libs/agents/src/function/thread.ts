import { type MessagePort } from 'node:worker_threads';
import { Ajv } from 'ajv';
import { type Json, type JsonObject } from '@braid/events';
import { AgentError, type AgentContext, type AgentDefinition } from '@braid/sdk';
import { invalidInput, problemsOf } from '../input';
import { checkOutputSize, toJson } from '../output';
import { toFailure } from '../to-failure';
import { checkedAmounts, Usage } from '../usage';
import { loadFile } from './load-file';
import {
  type AbortMessage,
  type ListResult,
  type ThreadMessage,
  type ThreadResult,
  type ThreadTask,
} from './thread-messages';
import { capturePrinting, listenToLines } from './thread-output';

capturePrinting();
// A promise that an agent forgot must not end the attempt that happens to run in this thread when it is rejected.
process.on('unhandledRejection', (error) => console.error('a promise was rejected and nobody caught it:', error));

const ajv = new Ajv({ allErrors: true, strict: false });

/** The agents of a file, or why it cannot be loaded. */
export async function listAgents(task: { readonly file: string }): Promise<ListResult> {
  try {
    const agents = [...(await loadFile(task.file))].map(([exportName, agent]) => {
      const { name, description, concurrency, idempotent } = agent;
      compile(agent.inputSchema);
      compile(agent.outputSchema);
      return {
        exportName,
        name,
        ...(description === undefined ? {} : { description }),
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(idempotent === undefined ? {} : { idempotent }),
      };
    });
    return { ok: true, agents };
  } catch (error) {
    return { ok: false, failure: toFailure(error) };
  }
}

/** Runs one attempt in this thread. Never throws: what went wrong comes back as a failure. */
export async function runAgent(task: ThreadTask): Promise<ThreadResult> {
  const { port } = task;
  const say = (message: ThreadMessage) => port.postMessage(message);
  listenToLines((line) => say({ type: 'log', line }));
  let definition: AgentDefinition | undefined;
  const usage = new Usage();
  const used = () => (usage.amounts === undefined ? {} : { usage: usage.amounts });
  try {
    definition = (await loadFile(task.file)).get(task.exportName);
    if (definition === undefined) throw new AgentError(`${task.file} no longer exports "${task.exportName}"`);
    const json = JSON.stringify(await callAgent(definition, task, usage, say));
    return { ok: true, json, ...used() };
  } catch (error) {
    return { ok: false, failure: toFailure(error, { retryable: definition?.idempotent ?? true }), ...used() };
  } finally {
    listenToLines(undefined);
    port.close();
  }
}

async function callAgent(
  definition: AgentDefinition<never, unknown>,
  task: ThreadTask,
  usage: Usage,
  say: (message: ThreadMessage) => void,
): Promise<Json> {
  const { work } = task;
  const inputProblems = problems(definition.inputSchema, work.input);
  if (inputProblems !== undefined) {
    throw invalidInput(`the input of agent "${definition.name}" does not match: ${inputProblems}`);
  }
  const ctx: AgentContext = {
    signal: abortSignal(task.port),
    attempt: work.attempt,
    idempotencyKey: work.idempotencyKey,
    workflow: work.workflow,
    branch: work.branch,
    step: work.step,
    context: work.context,
    scratchDir: task.scratchDir,
    deadline: task.deadline,
    log: (line) => say({ type: 'log', line: String(line) }),
    reportUsage: (amounts) => {
      usage.add(checkedAmounts(amounts));
      say({ type: 'usage', amounts: usage.amounts ?? {} });
    },
    heartbeat: (details) => say({ type: 'heartbeat', ...(details === undefined ? {} : { details: toJson(details) }) }),
  };
  // The input was checked against the agent's own schema; beyond that its type is the author's word.
  const output = toJson(await definition.run(work.input as never, ctx));
  const outputProblems = problems(definition.outputSchema, output);
  if (outputProblems !== undefined) {
    throw new AgentError(`the output of agent "${definition.name}" does not match: ${outputProblems}`, {
      type: 'InvalidOutput',
      code: 'invalid-output',
    });
  }
  checkOutputSize(output, task.maxOutputBytes);
  return output;
}

function abortSignal(port: MessagePort): AbortSignal {
  const controller = new AbortController();
  port.on('message', (message: AbortMessage) => {
    const reason = new Error(message.message);
    reason.name = message.name;
    controller.abort(reason);
  });
  return controller.signal;
}

function compile(schema: JsonObject | undefined) {
  // Ajv keeps what it compiled by the identity of the schema, which lives as long as the loaded file.
  return schema === undefined ? undefined : ajv.compile(schema);
}

function problems(schema: JsonObject | undefined, value: Json): string | undefined {
  const matches = compile(schema);
  return matches === undefined || matches(value) ? undefined : problemsOf(matches.errors);
}
