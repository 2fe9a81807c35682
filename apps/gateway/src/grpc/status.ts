import { anyPack } from '@bufbuild/protobuf/wkt';
import { create, toBinary } from '@bufbuild/protobuf';
import { braidV1, googleRpc, type PlaybookProblem } from '@braid/contracts';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { type DescribedProblem, describeProblem } from '../problems/describe-problem';
import { type ProblemCode, problemCode } from '../problems/problem-codes';
import { problemMessage } from './messages/problem';

/** Where clients look for the details of a status; libraries of every language know the name. */
export const detailsKey = 'grpc-status-details-bin';

/**
 * Most bytes of the details. Several gRPC libraries refuse trailers over 8 KiB, and the details are a third longer in there,
 * beside the message.
 */
const mostDetails = 4_608;
const longestMessage = 512;
const longestField = 256;

/** A call that is refused: what goes to the client, and whether it is a fault of ours. */
export type Refusal = { readonly status: StatusObject; readonly code: ProblemCode; readonly fault: boolean };

/** What was thrown, as gRPC says it: a status of the one table of codes, and the details of google.rpc. */
export function refusal(thrown: unknown, requestId: string): Refusal {
  const described = describeProblem(thrown, '');
  const entry = problemCode(described.code);
  const metadata = new Metadata();
  metadata.set(detailsKey, detailsOf(described, requestId));
  return {
    status: { code: status[entry.grpc], details: messageOf(described), metadata },
    code: described.code,
    fault: described.fault,
  };
}

/** The details with as many of the problems as there is room for. */
function detailsOf(described: DescribedProblem, requestId: string): Buffer {
  const { problems = [] } = described.body;
  let fitting = encode(described, [], requestId);
  for (let count = 1; count <= problems.length; count++) {
    const larger = encode(described, problems.slice(0, count), requestId);
    if (larger.length > mostDetails) break;
    fitting = larger;
  }
  return fitting;
}

function encode(
  { body, code, retryAfter }: DescribedProblem,
  problems: readonly PlaybookProblem[],
  requestId: string,
): Buffer {
  const entry = problemCode(code);
  const short = problems.map(shortened);
  const details = [
    anyPack(
      googleRpc.ErrorInfoSchema,
      create(googleRpc.ErrorInfoSchema, {
        reason: code.toUpperCase().replace(/\W/g, '_'),
        domain: 'braid',
        metadata: { code, requestId },
      }),
    ),
    anyPack(
      braidV1.ProblemDetailsSchema,
      create(braidV1.ProblemDetailsSchema, {
        code,
        title: entry.title,
        detail: cut(body.detail ?? '', longestMessage),
        next: entry.next,
        problems: short.map(problemMessage),
        problemCount: body.problems?.length ?? 0,
      }),
    ),
  ];
  if (entry.grpc === 'INVALID_ARGUMENT' && short.length > 0) {
    const fieldViolations = short.map(({ path, message }) => ({ field: path, description: message }));
    const badRequest = create(googleRpc.BadRequestSchema, { fieldViolations });
    details.push(anyPack(googleRpc.BadRequestSchema, badRequest));
  }
  if (retryAfter !== undefined) {
    const retryInfo = create(googleRpc.RetryInfoSchema, { retryDelay: { seconds: BigInt(retryAfter) } });
    details.push(anyPack(googleRpc.RetryInfoSchema, retryInfo));
  }
  const message = create(googleRpc.StatusSchema, { code: status[entry.grpc], message: messageOf({ body }), details });
  return Buffer.from(toBinary(googleRpc.StatusSchema, message));
}

function messageOf({ body }: Pick<DescribedProblem, 'body'>): string {
  return cut(body.detail === undefined ? body.title : `${body.title}: ${body.detail}`, longestMessage);
}

function shortened(problem: PlaybookProblem): PlaybookProblem {
  const { path, message, suggestion } = problem;
  return {
    ...problem,
    path: cut(path, longestField),
    message: cut(message, longestField),
    ...(suggestion === undefined ? {} : { suggestion: cut(suggestion, longestField) }),
  };
}

/** Well-formed text of about so many characters: half of a pair of surrogates cannot be sent. */
function cut(text: string, most: number): string {
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  return short.replace(/\p{Surrogate}/gu, '\ufffd');
}
