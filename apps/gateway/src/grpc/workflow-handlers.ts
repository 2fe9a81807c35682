import { type MessageInitShape } from '@bufbuild/protobuf';
import { type Duration, type Timestamp } from '@bufbuild/protobuf/wkt';
import { braidV1, type WorkflowView } from '@braid/contracts';
import { checkBody } from '../edge/body-rules';
import { requireWait } from '../edge/duration';
import { requireIdempotencyKey } from '../edge/idempotency-key';
import { type GatewayServices } from '../gateway-services';
import { CancelDto, CommandDto, RetryDto } from '../workflows/command.dto';
import { startRequest, StartWorkflowDto } from '../workflows/start-workflow.dto';
import { ListQueryDto, StreamQueryDto, VersionQueryDto } from '../workflows/workflow-query.dto';
import { bodyOf, inOurNames, parametersOf } from './fields';
import { type Handlers } from './handlers';
import { eventMessage } from './messages/event';
import { jsonOf, known, millisecondsOf } from './messages/values';
import { modes, statuses, summaryMessage, workflowMessage } from './messages/workflow';

type WorkflowInit = { readonly workflow: MessageInitShape<typeof braidV1.WorkflowSchema> };

/** The methods of WorkflowService over the services of the gateway. */
export function workflowHandlers({
  starter,
  gate,
  commands,
  queries,
  streams,
}: Pick<GatewayServices, 'starter' | 'gate' | 'commands' | 'queries' | 'streams'>): Handlers<
  typeof braidV1.WorkflowService
> {
  const now = async (id: string): Promise<WorkflowInit> => answer(await queries.view(id));
  const tell = async (command: 'pause' | 'resume', request: { id: string; reason: string; idempotencyKey: string }) => {
    const { reason } = await bodyOf(CommandDto, known({ reason: given(request.reason) }));
    await commands.tell(request.id, command, reason, keyOf(request));
    return now(request.id);
  };
  return {
    start: async (request, { requestBytes, traceparent, signal }) => {
      const place = gate.enter(requestBytes);
      signal.addEventListener('abort', () => place.leave(), { once: true });
      try {
        const body = await bodyOf(StartWorkflowDto, startBody(request));
        const idempotencyKey = keyOf(request);
        const { workflow, created } = await starter.start(startRequest(body), {
          ...known({ idempotencyKey, traceparent }),
          waitMs: waitOf(request.wait),
          place,
          signal,
        });
        return { ...(await now(workflow)), created };
      } finally {
        place.leave();
      }
    },
    get: async ({ id, version }) => {
      const query = await parametersOf(VersionQueryDto, known({ version: numberOf(version) }));
      return answer(await queries.view(id, query.version));
    },
    list: async ({ pageSize, pageToken, status, playbook, agent, from, to, query }) => {
      const filter = await parametersOf(
        ListQueryDto,
        known({
          limit: pageSize === 0 ? undefined : pageSize,
          cursor: given(pageToken),
          status: nameOf(statuses, status),
          playbook: given(playbook),
          agent: given(agent),
          from: momentOf(from),
          to: momentOf(to),
          q: given(query),
        }),
      );
      const { workflows, next } = await inOurNames(() => queries.list(filter));
      return { workflows: workflows.map(summaryMessage), nextPageToken: next ?? '' };
    },
    cancel: async ({ id, reason, compensate }) => {
      const body = await bodyOf(CancelDto, {
        ...known({ reason: given(reason) }),
        ...(compensate ? { compensate } : {}),
      });
      await commands.cancel(id, known({ reason: body.reason, compensate: body.compensate }));
      return now(id);
    },
    pause: (request) => tell('pause', request),
    resume: (request) => tell('resume', request),
    retry: async (request) => {
      const plain = known({ reason: given(request.reason), budget: request.budget?.byUnit });
      const { reason, budget } = await bodyOf(RetryDto, plain);
      await commands.tell(request.id, 'retry', reason, keyOf(request), budget);
      return now(request.id);
    },
    signal: async (request) => {
      const payload = request.payload === undefined ? null : jsonOf(request.payload);
      checkBody(payload);
      await commands.signal(request.id, known({ name: request.name, payload, id: keyOf(request) }));
      return now(request.id);
    },
    watch: async function* (request, { signal }) {
      const { after } = await parametersOf(StreamQueryDto, { after: Number(request.after) });
      const source = await streams.ofWorkflow(request.id, undefined, after);
      for await (const { data } of source?.(signal) ?? []) if (data) yield { event: eventMessage(data) };
    },
  };
}

function answer(view: WorkflowView): WorkflowInit {
  return { workflow: workflowMessage(view) };
}

/** The body that says the same over HTTP. */
function startBody({ source, variables, context, executionMode, budget }: braidV1.StartWorkflowRequest): object {
  return known({
    playbook: source.value,
    variables,
    context,
    executionMode: nameOf(modes, executionMode),
    budget: budget?.byUnit,
  });
}

/** In proto3 an empty text is one that was not sent. */
function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function keyOf({ idempotencyKey }: { readonly idempotencyKey: string }): string | undefined {
  return idempotencyKey === '' ? undefined : requireIdempotencyKey(idempotencyKey, 'idempotency_key');
}

function numberOf(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function waitOf(wait: Duration | undefined): number {
  if (wait === undefined) return 0;
  const ms = millisecondsOf(wait);
  return requireWait(ms, `${ms / 1_000}s`, 'Send a duration from 0 to 300 seconds');
}

/** ISO 8601; a moment that there is not stays a text that is none, for the rules to refuse. */
function momentOf(timestamp: Timestamp | undefined): string | undefined {
  if (timestamp === undefined) return undefined;
  const date = new Date(millisecondsOf(timestamp));
  return Number.isNaN(date.getTime()) ? `${timestamp.seconds}` : date.toISOString();
}

/** The name of a value; a value that the proto does not have stays a number, for the rules to refuse. */
function nameOf<N extends string>(table: Readonly<Record<N, number>>, value: number): N | number | undefined {
  if (value === 0) return undefined;
  return (Object.keys(table) as N[]).find((name) => table[name] === value) ?? value;
}
