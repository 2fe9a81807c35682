import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { EventStreams } from '../edge/event-streams';
import { lastEventIdOf } from '../edge/request-headers';
import { ApiProblems } from '../problems/problem.dto';
import { StreamQueryDto } from '../workflows/workflow-query.dto';
import { FeedQueryDto } from './feed-query.dto';
import { PublicStreams } from './public-streams';

@ApiTags('events')
@Controller('v1')
export class StreamsController {
  constructor(
    private readonly streams: PublicStreams,
    private readonly clients: EventStreams,
  ) {}

  @Get('workflows/:id/stream')
  @ApiOperation({
    summary: 'Follow a workflow until it ends (server-sent events)',
    description:
      'Each message is one event of the history, its id the version. A client that connects again with Last-Event-ID gets what it missed, once. 204 when nothing is left to come.',
  })
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Version of the last event that arrived' })
  @ApiOkResponse({
    description: 'Events, as in the history',
    schema: { type: 'string', example: 'id: 1\ndata: {…}\n\n' },
  })
  @ApiProblems('request.invalid', 'workflow.not-found')
  async workflow(
    @Param('id') id: string,
    @Query() { after }: StreamQueryDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const events = await this.streams.ofWorkflow(id, lastEventIdOf(request), after);
    if (events === undefined) void reply.status(204).send();
    else await this.clients.serve(reply, events);
  }

  @Get('events')
  @ApiOperation({
    summary: 'Follow the events of all workflows (server-sent events)',
    description:
      'Events of one workflow come in their order. The id of a message is a cursor for `after` and Last-Event-ID. Without either the feed begins now; `after=0` begins with the first event ever.',
  })
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last message that arrived' })
  @ApiOkResponse({ description: 'Events', schema: { type: 'string', example: 'id: p1.1.0\ndata: {…}\n\n' } })
  @ApiProblems('request.invalid')
  async feed(@Query() query: FeedQueryDto, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.clients.serve(reply, await this.streams.ofAll(query, lastEventIdOf(request)));
  }
}
