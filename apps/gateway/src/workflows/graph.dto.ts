import { type BranchStatusName, type GraphNode, type GraphView } from '@braid/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class GraphNodeDto implements GraphNode {
  @ApiProperty({ example: 'reviews/speed#judge' })
  readonly id!: string;
  @ApiProperty({
    description: 'Kind of the step, or `convergence`, or `branches` for many drawn as one',
    example: 'agent',
  })
  readonly kind!: string;
  @ApiProperty()
  readonly label!: string;
  @ApiProperty({ description: 'Path of its branch' })
  readonly branch!: string;
  @ApiPropertyOptional()
  readonly step?: string;
  @ApiPropertyOptional()
  readonly agent?: string;
  @ApiPropertyOptional({ description: 'The playbook that the step runs' })
  readonly playbook?: string;
  @ApiPropertyOptional({ description: 'The child workflow that the step has started last' })
  readonly child?: string;
  @ApiProperty({
    enum: ['pending', 'requested', 'running', 'completed', 'failed', 'cancelled', 'skipped'],
    enumName: 'BranchStatus',
  })
  readonly status!: BranchStatusName;
  @ApiPropertyOptional({
    description: 'How many of the branches drawn as one have which status',
    type: 'object',
    additionalProperties: { type: 'number' },
    example: { running: 8, pending: 92 },
  })
  readonly counts?: NonNullable<GraphNode['counts']>;
}

export class GraphEdgeDto {
  @ApiProperty()
  readonly from!: string;
  @ApiProperty()
  readonly to!: string;
  @ApiProperty({ enum: ['sequence', 'fork', 'needs', 'converge', 'case', 'failure', 'compensation'] })
  readonly kind!: GraphView['edges'][number]['kind'];
  @ApiPropertyOptional({ description: 'Of needs of which not all must have completed: how many' })
  readonly require?: number;
}

export class GraphDto implements GraphView {
  @ApiProperty({ type: [GraphNodeDto] })
  readonly nodes!: readonly GraphNode[];
  @ApiProperty({ type: [GraphEdgeDto] })
  readonly edges!: readonly GraphEdgeDto[];
}
