import { type WorkflowView } from '@braid/contracts';
import { type Amounts, type Json } from '@braid/events';
import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { idempotencyKeyOf } from '../edge/request-headers';
import { ApiProblems } from '../problems/problem.dto';
import { Problem } from '../problems/problem';
import { ApiCommand } from './api-command';
import { CancelDto, CommandDto, RetryDto } from './command.dto';
import { WorkflowCommands } from './workflow-commands';
import { WorkflowQueries } from './workflow-queries';
import { WorkflowDto } from './workflow.dto';

@ApiTags('workflows')
@Controller('v1/workflows')
export class WorkflowCommandsController {
  constructor(
    private readonly commands: WorkflowCommands,
    private readonly queries: WorkflowQueries,
  ) {}

  @Post(':id/cancel')
  @ApiCommand({
    summary: 'Cancel a workflow',
    description:
      'Branches that run are stopped. With `compensate` the steps that have completed are undone before the workflow ends. Without, a workflow that is undoing its steps stops doing so.',
    done: 'cancelled, or that its steps are being undone',
    body: CancelDto,
    examples: {
      undone: { summary: 'With compensation', value: { reason: 'the customer has called', compensate: true } },
    },
    problems: ['workflow.closed'],
  })
  async cancel(@Param('id') workflow: string, @Body() { reason, compensate }: CancelDto): Promise<WorkflowView> {
    await this.commands.cancel(workflow, {
      ...(reason === undefined ? {} : { reason }),
      ...(compensate === undefined ? {} : { compensate }),
    });
    return this.queries.view(workflow);
  }

  @Post(':id/pause')
  @ApiCommand({
    summary: 'Pause a workflow',
    description:
      'Nothing new is started until it is resumed; attempts that are under way may end, and signals are kept.',
    done: 'paused',
    problems: ['workflow.closed'],
  })
  pause(
    @Param('id') id: string,
    @Body() { reason }: CommandDto,
    @Req() request: FastifyRequest,
  ): Promise<WorkflowView> {
    return this.tell(id, 'pause', reason, request);
  }

  @Post(':id/resume')
  @ApiCommand({
    summary: 'Resume a paused workflow',
    description: 'One that runs goes on running.',
    done: 'running',
    problems: ['workflow.closed'],
  })
  resume(
    @Param('id') id: string,
    @Body() { reason }: CommandDto,
    @Req() request: FastifyRequest,
  ): Promise<WorkflowView> {
    return this.tell(id, 'resume', reason, request);
  }

  @Post(':id/retry')
  @ApiCommand({
    summary: 'Try a failed workflow again',
    description:
      'It goes on where it failed, with fresh retry policies; what completed is kept. A workflow whose budget was used up needs a larger one.',
    done: 'running again',
    body: RetryDto,
    problems: ['workflow.not-failed', 'workflow.compensated'],
  })
  retry(
    @Param('id') id: string,
    @Body() { reason, budget }: RetryDto,
    @Req() request: FastifyRequest,
  ): Promise<WorkflowView> {
    return this.tell(id, 'retry', reason, request, budget);
  }

  @Post(':id/signals/:name')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send a signal to a workflow',
    description:
      'The body is the payload: the output of the step that waits for the signal. A signal that comes before its step waits is kept.',
  })
  @ApiParam({ name: 'name', description: 'What the step waits for', example: 'approval' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key again is the same signal and counts once; without one, every request is another signal',
  })
  @ApiBody({
    description: 'Any JSON value; none is null',
    required: false,
    schema: { nullable: true, example: { approved: true, by: 'ada' } },
  })
  @ApiOkResponse({ type: WorkflowDto, description: 'The signal is on disk; the workflow as it stands now' })
  @ApiProblems(
    'body.malformed',
    'body.forbidden-key',
    'body.forbidden-text',
    'body.forbidden-number',
    'body.too-deep',
    'request.invalid',
    'workflow.not-found',
    'workflow.closed',
    'body.too-large',
    'request.too-large',
    'body.unsupported-type',
    'signal.invalid',
    'intake.full',
    'receipt.missing',
  )
  async signal(
    @Param('id') workflow: string,
    @Param('name') name: string,
    @Req() request: FastifyRequest,
  ): Promise<WorkflowView> {
    const key = idempotencyKeyOf(request);
    await this.commands.signal(workflow, {
      name,
      payload: payloadOf(request),
      ...(key === undefined ? {} : { id: key }),
    });
    return this.queries.view(workflow);
  }

  private async tell(
    workflow: string,
    command: 'pause' | 'resume' | 'retry',
    reason: string | undefined,
    request: FastifyRequest,
    budget?: Amounts,
  ): Promise<WorkflowView> {
    await this.commands.tell(workflow, command, reason, idempotencyKeyOf(request), budget);
    return this.queries.view(workflow);
  }
}

/** The body as it was sent: the parser has checked that it is a JSON value, unless it was YAML, which stands for playbooks. */
function payloadOf({ body, headers }: FastifyRequest): Json {
  if (body === undefined || body === null) return null;
  if ((headers['content-type'] ?? '').includes('yaml')) {
    throw new Problem('body.unsupported-type', 'The payload of a signal is JSON');
  }
  return body as Json;
}
