import { type ConvergencePreviewView, type ConvergencePointView } from '@braid/contracts';
import { type Json } from '@braid/events';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ConvergencePointDto } from './workflow.dto';

/** The body is only described here: the playbook's own rules check it, with suggestions. */
export class PreviewConvergenceDto {
  @ApiProperty({ description: 'The step that forked', example: 'reviews' })
  readonly step!: string;
  @ApiPropertyOptional({ description: 'Path of the branch that forked', default: 'root', example: 'root' })
  readonly branch?: string;
  @ApiProperty({ description: 'With it, all fields that `converge` has in a playbook', example: 'majority-vote' })
  readonly strategy!: string;
}

export const previewExamples = {
  vote: {
    summary: 'Would a majority have agreed?',
    value: { step: 'reviews', strategy: 'majority-vote', by: '${{ output.verdict }}', tieBreak: 'first' },
  },
  quorum: {
    summary: 'Would two thirds have been enough, in a fork of a branch?',
    value: { step: 'checks', branch: 'reviews/speed', strategy: 'quorum', require: '67%' },
  },
  deadline: {
    summary: 'What would have been there after ten seconds?',
    value: { step: 'reviews', strategy: 'all-settled', deadline: '10s' },
  },
};

export class ConvergencePreviewDto implements ConvergencePreviewView {
  @ApiProperty({ description: 'Version of the last event that was taken into account' })
  readonly version!: number;
  @ApiProperty({ example: 'root' })
  readonly branch!: string;
  @ApiProperty({ example: 'reviews' })
  readonly step!: string;
  @ApiProperty({ example: 'majority-vote' })
  readonly strategy!: string;
  @ApiProperty({
    enum: ['met', 'unreachable', 'undecided'],
    description: 'undecided: a branch without a result would have to be waited for',
  })
  readonly outcome!: ConvergencePreviewView['outcome'];
  @ApiProperty({ description: 'The rule in words, with its figures' })
  readonly reason!: string;
  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['all'] },
      { type: 'array', items: { type: 'string' } },
    ],
  })
  readonly counted!: 'all' | readonly string[];
  @ApiProperty({ type: [String] })
  readonly dissented!: readonly string[];
  @ApiPropertyOptional({ description: 'The branch whose arrival would have decided' })
  readonly decidedBy?: string;
  @ApiPropertyOptional({ description: 'Any JSON value', nullable: true, type: 'object', additionalProperties: true })
  readonly output?: Json;
  @ApiProperty({ type: [String], description: 'Branches that the decision would have cancelled' })
  readonly wouldHaveCancelled!: readonly string[];
  @ApiProperty({ type: ConvergencePointDto, description: 'The fork as it stands by its own strategy' })
  readonly actual!: ConvergencePointView;
}
