import { Controller, Delete, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../problems/problem.dto';
import { DeadLetters } from './dead-letters';
import { AgentListDto, DeadLetterListDto, DeadLetterQueryDto, OrphansDto, RunnerListDto } from './operations.dto';
import { OrphanReport } from './orphan-report';
import { Presence } from './presence';
import { Verification } from './verification';
import { VerificationDto, VerificationQueryDto } from './verification.dto';

@ApiTags('operations')
@Controller('v1')
export class OperationsController {
  constructor(
    private readonly presence: Presence,
    private readonly deadLetters: DeadLetters,
    private readonly orphans: OrphanReport,
    private readonly verification: Verification,
  ) {}

  @Get('agents')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'List the agents that runners have now, with their free and busy slots' })
  @ApiOkResponse({ type: AgentListDto })
  @ApiProblems()
  listAgents(): AgentListDto {
    return { agents: this.presence.listAgents() };
  }

  @Get('runners')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'List the runners that were heard lately' })
  @ApiOkResponse({ type: RunnerListDto })
  @ApiProblems()
  listRunners(): RunnerListDto {
    return { runners: this.presence.listRunners() };
  }

  @Get('dead-letters')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'List the messages that were set aside because nothing could handle them' })
  @ApiOkResponse({ type: DeadLetterListDto })
  @ApiProblems('request.invalid')
  listDeadLetters(@Query() { after, limit }: DeadLetterQueryDto): Promise<DeadLetterListDto> {
    return this.deadLetters.list(after, limit);
  }

  @Post('dead-letters/:id/retry')
  @HttpCode(204)
  @ApiOperation({ summary: 'Send a message that was set aside again to where it came from' })
  @ApiNoContentResponse({ description: 'It was sent and is no longer set aside' })
  @ApiProblems('dead-letter.not-found', 'dead-letter.incomplete', 'intake.full')
  async retryDeadLetter(@Param('id') id: string): Promise<void> {
    await this.deadLetters.retry(id);
  }

  @Delete('dead-letters/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a message that was set aside' })
  @ApiNoContentResponse({ description: 'It is gone' })
  @ApiProblems('dead-letter.not-found')
  async dropDeadLetter(@Param('id') id: string): Promise<void> {
    await this.deadLetters.drop(id);
  }

  @Get('health/orphans')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Count open workflows that were due more than a minute ago and not looked at' })
  @ApiOkResponse({ type: OrphansDto })
  @ApiProblems()
  async countOrphans(): Promise<OrphansDto> {
    return { orphans: await this.orphans.count() };
  }

  @Get('health/verify')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Fold some workflows and hold all that is kept of them against their histories' })
  @ApiOkResponse({ type: VerificationDto })
  @ApiProblems('request.invalid', 'workflow.not-found', 'verification.under-way')
  verify(@Query() { workflow, playbook, sample }: VerificationQueryDto): Promise<VerificationDto> {
    return this.verification.run({
      sample,
      ...(workflow !== undefined && { workflow }),
      ...(playbook !== undefined && { playbook }),
    });
  }
}
