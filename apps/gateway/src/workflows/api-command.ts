import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { CommandDto } from './command.dto';
import { WorkflowDto } from './workflow.dto';

/** Documents a command that needs nothing but a reason. `done`: how the workflow is afterwards. */
export function ApiCommand(told: {
  readonly summary: string;
  readonly description: string;
  readonly done: string;
  /** What the body may hold. */
  readonly body?: typeof CommandDto;
}): MethodDecorator {
  const { summary, description, done, body = CommandDto } = told;
  return applyDecorators(
    ApiOperation({ summary, description }),
    ApiBody({
      type: body,
      required: false,
      examples: { reasoned: { summary: 'With a reason', value: { reason: 'the supplier is away until Monday' } } },
    }),
    ApiOkResponse({ type: WorkflowDto, description: `It is on disk that the workflow is ${done}` }),
  );
}
