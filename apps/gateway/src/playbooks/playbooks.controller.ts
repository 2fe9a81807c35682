import { type PublishedPlaybook } from '@braid/event-store';
import { playbookSchema } from '@braid/workflow';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply } from 'fastify';
import { ApiProblems } from '../problems/problem.dto';
import { PlaybookCatalogue } from './playbook-catalogue';
import { PlaybookListDto, PlaybookQueryDto, PublicationDto, PublishedPlaybookDto, ValidationDto } from './playbook.dto';
import { playbookIn } from './playbook-body';

const body = {
  description: 'The playbook, as JSON or as application/yaml',
  schema: { type: 'object', additionalProperties: true } as const,
  examples: {
    greet: {
      value: { name: 'greet', steps: [{ id: 'hello', agent: 'builtin.echo', with: { text: 'Hello' } }] },
    },
  },
};

@ApiTags('playbooks')
@Controller('v1/playbooks')
export class PlaybooksController {
  constructor(private readonly catalogue: PlaybookCatalogue) {}

  @Post()
  @ApiOperation({
    summary: 'Publish a playbook',
    description:
      'A playbook without a version gets the next whole number. The same version with the same content is answered again; with other content it is refused.',
  })
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody(body)
  @ApiCreatedResponse({ type: PublicationDto })
  @ApiOkResponse({ type: PublicationDto, description: 'Published before with this content' })
  @ApiProblems('body.malformed', 'body.too-large', 'input.invalid', 'playbook.invalid', 'playbook.version-exists')
  async publish(@Body() content: unknown, @Res({ passthrough: true }) reply: FastifyReply): Promise<PublicationDto> {
    const { playbook, created, problems } = await this.catalogue.publish(playbookIn(content));
    const { name, version } = playbook;
    const location = `/v1/playbooks/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
    void reply.status(created ? 201 : 200).header('location', location);
    return { ...playbook, publishedAt: iso(playbook.publishedAt), problems };
  }

  @Get()
  @ApiOperation({ summary: 'List what is published' })
  @ApiOkResponse({ type: PlaybookListDto })
  @ApiProblems('request.invalid')
  async list(@Query() { limit, cursor }: PlaybookQueryDto): Promise<PlaybookListDto> {
    const { playbooks, next } = await this.catalogue.list(limit, cursor);
    return {
      playbooks: playbooks.map((listing) => ({ ...listing, publishedAt: iso(listing.publishedAt) })),
      ...(next === undefined ? {} : { next }),
    };
  }

  @Get('schema.json')
  @ApiOperation({ summary: 'Read the JSON Schema of the playbook language, for editors' })
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  schema(): object {
    return playbookSchema;
  }

  @Post('validate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Check a playbook: all its problems at once' })
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody(body)
  @ApiOkResponse({ type: ValidationDto })
  @ApiProblems('body.malformed', 'body.too-large', 'input.invalid')
  validate(@Body() content: unknown): Promise<ValidationDto> {
    return this.catalogue.validate(playbookIn(content));
  }

  @Get(':name/versions/:version')
  @ApiOperation({ summary: 'Read a published version; `latest` is the one published last' })
  @ApiOkResponse({ type: PublishedPlaybookDto })
  @ApiProblems('playbook.not-found')
  async get(@Param('name') name: string, @Param('version') version: string): Promise<PublishedPlaybookDto> {
    return view(await this.catalogue.get(name, version));
  }
}

const iso = (ms: number) => new Date(ms).toISOString();

function view(playbook: PublishedPlaybook): PublishedPlaybookDto {
  return { ...playbook, publishedAt: iso(playbook.publishedAt) };
}
