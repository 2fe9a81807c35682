import { type ConvergencePreviewView } from '@braid/contracts';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../problems/problem.dto';
import { ConvergencePreviewDto, PreviewConvergenceDto, previewExamples } from './convergence-preview.dto';
import { previewRequest } from './preview-request';
import { WorkflowQueries } from './workflow-queries';

@ApiTags('workflows')
@Controller('v1/workflows')
export class ConvergencePreviewController {
  constructor(private readonly queries: WorkflowQueries) {}

  @Post(':id/convergence/preview')
  @HttpCode(200)
  @ApiOperation({
    summary: 'See what a fork would have decided by another strategy',
    description:
      'Goes by the results on record in the order in which they arrived. Nothing is run and nothing changes. The body has the step, and the fields of a `converge` as in a playbook.',
  })
  @ApiBody({ type: PreviewConvergenceDto, examples: previewExamples })
  @ApiOkResponse({ type: ConvergencePreviewDto })
  @ApiProblems('body.malformed', 'body.unsupported-type', 'workflow.not-found', 'convergence.invalid')
  async preview(@Param('id') id: string, @Body() body: unknown): Promise<ConvergencePreviewView> {
    return this.queries.previewConvergence(id, previewRequest(body));
  }
}
