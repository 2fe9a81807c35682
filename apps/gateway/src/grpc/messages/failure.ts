import { type MessageInitShape } from '@bufbuild/protobuf';
import { type braidV1 } from '@braid/contracts';
import { type Failure } from '@braid/events';
import { moment } from '../../workflows/moment';
import { durationOf, known, timestampOf, valueOf } from './values';

/** A failure as runners and the rules state it; runners are believed in its words, and its numbers are made to fit. */
export function failureMessage(failure: Failure): MessageInitShape<typeof braidV1.FailureSchema> {
  const { cause, details, attempt, at, retryAfter, ...rest } = failure;
  return known({
    ...rest,
    cause: cause && failureMessage(cause),
    details: details === undefined ? undefined : valueOf(details),
    attempt: attempt === undefined ? undefined : Math.trunc(Math.min(Math.max(attempt, 0), 0x7fff_ffff)),
    at: at === undefined ? undefined : timestampOf(moment(at)),
    retryAfter: retryAfter === undefined ? undefined : durationOf(retryAfter),
  });
}
