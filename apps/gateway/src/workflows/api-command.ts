import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { CommandDto } from './command.dto';
import { WorkflowDto } from './workflow.dto';

/** Documents a command that needs nothing but a reason. `done`: how the workflow is afterwards. */
export function ApiCommand(told: {
  readonly summary: string;
  readonly description: string;
  readonly done: string;
}): MethodDecorator {
  const { summary, description, done } = told;
  return applyDecorators(
    ApiOperation({ summary, description }),
    ApiBody({
      type: CommandDto,
      required: false,
      examples: { reasoned: { summary: 'With a reason', value: { reason: 'the supplier is away until Monday' } } },
    }),
    ApiOkResponse({ type: WorkflowDto, description: `It is on disk that the workflow is ${done}` }),
  );
}
