import { type EventView, type WorkflowView } from '@braid/contracts';
import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { waitMs } from '../edge/duration';
import { placeOf } from '../edge/start-places';
import { idempotencyKeyOf, traceparentOf, untilGone } from '../edge/request-headers';
import { ApiProblems } from '../problems/problem.dto';
import { dotPicture, mermaidPicture } from './graph-picture';
import { GraphDto } from './graph.dto';
import { startRequest, StartWorkflowDto } from './start-workflow.dto';
import { GraphQueryDto, HistoryQueryDto, ListQueryDto, StartQueryDto, VersionQueryDto } from './workflow-query.dto';
import { WorkflowQueries } from './workflow-queries';
import { WorkflowStarter } from './workflow-starter';
import { HistoryDto, WorkflowDto, WorkflowListDto } from './workflow.dto';

@ApiTags('workflows')
@Controller('v1/workflows')
export class WorkflowsController {
  constructor(
    private readonly starter: WorkflowStarter,
    private readonly queries: WorkflowQueries,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Start a workflow',
    description:
      'Success means that the start is on disk. A playbook may also be the whole body, as application/yaml; its variables then have their defaults.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body is the same workflow (200); the same key with another body is refused (409)',
  })
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody({ type: StartWorkflowDto })
  @ApiCreatedResponse({ type: WorkflowDto, description: 'Started' })
  @ApiOkResponse({ type: WorkflowDto, description: 'Started before with the same key and body; as it stands now' })
  @ApiProblems(
    'body.malformed',
    'body.forbidden-key',
    'body.forbidden-text',
    'body.forbidden-number',
    'body.too-deep',
    'request.invalid',
    'workflow.different-start',
    'body.too-large',
    'request.too-large',
    'body.unsupported-type',
    'input.invalid',
    'playbook.invalid',
    'playbook.unknown',
    'variables.invalid',
    'gateway.busy',
    'intake.full',
    'orchestrator.behind',
    'receipt.missing',
  )
  async start(
    @Body() body: StartWorkflowDto,
    @Query() query: StartQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WorkflowView> {
    const key = idempotencyKeyOf(request);
    const traceparent = traceparentOf(request);
    const { workflow, created } = await this.starter.start(startRequest(body), {
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(traceparent === undefined ? {} : { traceparent }),
      waitMs: query.wait === undefined ? 0 : waitMs(query.wait),
      place: placeOf(request),
      signal: untilGone(reply),
    });
    void reply.status(created ? 201 : 200).header('location', `/v1/workflows/${workflow}`);
    return this.queries.view(workflow);
  }

  @Get()
  @ApiOperation({ summary: 'List and search workflows, newest first' })
  @ApiOkResponse({ type: WorkflowListDto })
  @ApiProblems('request.invalid')
  list(@Query() query: ListQueryDto): Promise<WorkflowListDto> {
    return this.queries.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a workflow as it stands, or as it stood at a version' })
  @ApiOkResponse({ type: WorkflowDto })
  @ApiProblems('request.invalid', 'workflow.not-found')
  get(@Param('id') id: string, @Query() { version }: VersionQueryDto): Promise<WorkflowView> {
    return this.queries.view(id, version);
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Read the history of a workflow' })
  @ApiOkResponse({ type: HistoryDto })
  @ApiProblems('request.invalid', 'workflow.not-found')
  history(
    @Param('id') id: string,
    @Query() { after, limit }: HistoryQueryDto,
  ): Promise<{ events: readonly EventView[]; next?: number }> {
    return this.queries.history(id, after, limit);
  }

  @Get(':id/graph')
  @ApiOperation({ summary: 'Read the graph of a workflow with its status, as data or as a picture in text' })
  @ApiProduces('application/json', 'text/vnd.mermaid', 'text/vnd.graphviz')
  @ApiOkResponse({ type: GraphDto })
  @ApiProblems('request.invalid', 'workflow.not-found')
  async graph(
    @Param('id') id: string,
    @Query() { version, format, expand }: GraphQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GraphDto | string> {
    const graph = await this.queries.graph(id, { expand }, version);
    switch (format) {
      case 'json':
        return graph;
      case 'mermaid':
        void reply.type('text/vnd.mermaid; charset=utf-8');
        return mermaidPicture(graph);
      case 'dot':
        void reply.type('text/vnd.graphviz; charset=utf-8');
        return dotPicture(graph);
    }
  }
}
