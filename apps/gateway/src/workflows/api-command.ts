import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type JsonObject } from '@braid/events';
import { ApiProblems } from '../problems/problem.dto';
import { type ProblemCode } from '../problems/problem-codes';
import { CommandDto } from './command.dto';
import { WorkflowDto } from './workflow.dto';

/** A command to a workflow: its status, and its documentation. `done`: how the workflow is afterwards. */
export function ApiCommand(told: {
  readonly summary: string;
  readonly description: string;
  readonly done: string;
  /** How it may be refused beside what every command may be. */
  readonly problems: readonly ProblemCode[];
  /** What the body may hold. */
  readonly body?: typeof CommandDto;
  /** Bodies that say more than a reason. */
  readonly examples?: { readonly [name: string]: { readonly summary: string; readonly value: JsonObject } };
}): MethodDecorator {
  const { summary, description, done, problems, body = CommandDto, examples } = told;
  return applyDecorators(
    HttpCode(200),
    ApiOperation({ summary, description }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'The same key again is the same command, and does nothing more, however late it comes',
    }),
    ApiBody({
      type: body,
      required: false,
      examples: {
        reasoned: { summary: 'With a reason', value: { reason: 'the supplier is away until Monday' } },
        ...examples,
      },
    }),
    ApiOkResponse({ type: WorkflowDto, description: `It is on disk that the workflow is ${done}` }),
    ApiProblems('body.malformed', 'input.invalid', 'workflow.not-found', ...problems, 'intake.full', 'receipt.missing'),
  );
}
