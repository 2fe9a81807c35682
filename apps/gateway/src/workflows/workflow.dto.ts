import {
  type BranchStatusName,
  type BranchStatusView,
  type CompensationView,
  type ConvergencePointView,
  type CostView,
  type EventView,
  type ParallelBranchesView,
  type WorkflowStatus,
  type WorkflowSummary,
  type WorkflowView,
} from '@braid/contracts';
import {
  type Amounts,
  failureCodes,
  type ExecutionMode,
  type Failure,
  type Json,
  type JsonObject,
  type Tally,
} from '@braid/events';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const anything = { description: 'Any JSON value', nullable: true, type: 'object', additionalProperties: true } as const;
const object = { type: 'object', additionalProperties: true } as const;
const moment = { format: 'date-time', type: String } as const;
const modes = ['parallel', 'sequential'] as const satisfies readonly ExecutionMode[];
const statuses = ['running', 'paused', 'completed', 'failed', 'cancelled'] as const satisfies readonly WorkflowStatus[];
const branchStatuses = [
  'pending',
  'requested',
  'running',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const satisfies readonly BranchStatusName[];

export class FailureDto implements Failure {
  @ApiProperty({ description: 'The name of the error as its author knows it', example: 'HttpError' })
  readonly type!: string;
  @ApiProperty({ example: '503 Service Unavailable' })
  readonly message!: string;
  @ApiProperty({ enum: failureCodes, enumName: 'FailureCode' })
  readonly code!: Failure['code'];
  @ApiProperty()
  readonly retryable!: boolean;
  @ApiPropertyOptional()
  readonly stack?: string;
  @ApiPropertyOptional({ type: () => FailureDto })
  readonly cause?: Failure;
  @ApiPropertyOptional(anything)
  readonly details?: Json;
  @ApiPropertyOptional()
  readonly branch?: string;
  @ApiPropertyOptional()
  readonly step?: string;
  @ApiPropertyOptional()
  readonly attempt?: number;
  @ApiPropertyOptional()
  readonly agent?: string;
  @ApiPropertyOptional()
  readonly runner?: string;
  @ApiPropertyOptional({ description: 'Milliseconds since the epoch' })
  readonly at?: number;
  @ApiPropertyOptional({ description: 'Milliseconds' })
  readonly retryAfter?: number;
}

export class PlaybookRefDto {
  @ApiProperty({ example: 'repo-audit' })
  readonly name!: string;
  @ApiPropertyOptional({ example: '1.0.0' })
  readonly version?: string;
}

export class WaitsForDto implements NonNullable<BranchStatusView['waitsFor']> {
  @ApiPropertyOptional({ example: 'approval' })
  readonly signal?: string;
  @ApiPropertyOptional(moment)
  readonly until?: string;
}

export class ChildDto implements NonNullable<BranchStatusView['child']> {
  @ApiProperty({ example: '019a8f0e-7c2b-7d10-9a55-3f1f5b0c2d44_1' })
  readonly workflow!: string;
  @ApiProperty({ description: 'As the step names it', example: 'build@2' })
  readonly playbook!: string;
}

export class ParentDto implements NonNullable<WorkflowView['parent']> {
  @ApiProperty({ example: '019a8f0e-7c2b-7d10-9a55-3f1f5b0c2d44' })
  readonly workflow!: string;
  @ApiProperty({ description: 'Path of the branch that started it', example: 'root' })
  readonly branch!: string;
  @ApiProperty({ example: 'build' })
  readonly step!: string;
}

export class CompensatesDto implements NonNullable<BranchStatusView['compensates']> {
  @ApiProperty({ description: 'Path of the branch of the step', example: 'root' })
  readonly branch!: string;
  @ApiProperty({ example: 'book-hotel' })
  readonly step!: string;
}

export class BranchStatusDto implements BranchStatusView {
  @ApiProperty({ description: 'Its name among its siblings', example: 'speed' })
  readonly branch!: string;
  @ApiProperty({ description: 'Its name in the workflow', example: 'reviews/speed' })
  readonly path!: string;
  @ApiPropertyOptional({ description: 'Path of the branch that opened it', example: 'root' })
  readonly parent?: string;
  @ApiPropertyOptional({ description: 'The step that opened it', example: 'reviews' })
  readonly fork?: string;
  @ApiPropertyOptional({ type: CompensatesDto, description: 'The step that the branch undoes' })
  readonly compensates?: CompensatesDto;
  @ApiProperty({ enum: branchStatuses, enumName: 'BranchStatus' })
  readonly status!: BranchStatusName;
  @ApiPropertyOptional()
  readonly step?: string;
  @ApiPropertyOptional()
  readonly agent?: string;
  @ApiPropertyOptional({ minimum: 1 })
  readonly attempt?: number;
  @ApiPropertyOptional()
  readonly runner?: string;
  @ApiPropertyOptional(moment)
  readonly startedAt?: string;
  @ApiPropertyOptional(moment)
  readonly endedAt?: string;
  @ApiPropertyOptional({
    type: WaitsForDto,
    description: 'What has to come before the branch goes on by itself: a signal, a moment, or whichever is first',
  })
  readonly waitsFor?: WaitsForDto;
  @ApiPropertyOptional({ type: ChildDto, description: 'The workflow that does or did the work of its step' })
  readonly child?: ChildDto;
  @ApiPropertyOptional(anything)
  readonly output?: Json;
  @ApiPropertyOptional({ type: FailureDto })
  readonly error?: Failure;
}

export class CompensatedStepsDto {
  @ApiProperty({ description: 'Steps that are to be undone' })
  readonly total!: number;
  @ApiProperty()
  readonly undone!: number;
  @ApiProperty({ description: 'Steps that could not be undone' })
  readonly failed!: number;
}

export class CompensationDto implements CompensationView {
  @ApiProperty({
    enum: ['compensating', 'compensated', 'stopped'],
    description: '`stopped`: a cancel has ended it before all were undone',
  })
  readonly state!: CompensationView['state'];
  @ApiProperty({ enum: ['failed', 'cancelled'], description: 'How the workflow ends' })
  readonly because!: CompensationView['because'];
  @ApiPropertyOptional({ type: FailureDto, description: 'Why the workflow has failed' })
  readonly error?: Failure;
  @ApiProperty({ type: CompensatedStepsDto })
  readonly steps!: CompensatedStepsDto;
}

export class TallyDto implements Tally {
  @ApiProperty()
  readonly total!: number;
  @ApiProperty()
  readonly completed!: number;
  @ApiProperty()
  readonly failed!: number;
  @ApiProperty()
  readonly skipped!: number;
  @ApiProperty()
  readonly cancelled!: number;
  @ApiProperty()
  readonly open!: number;
}

export class SavedDto {
  @ApiProperty({ description: 'Branches that were at work' })
  readonly cancelled!: number;
  @ApiProperty({ description: 'Branches that had not been started' })
  readonly neverStarted!: number;
}

export class ConvergencePointDto implements ConvergencePointView {
  @ApiProperty({ description: 'The branch that forked' })
  readonly branch!: string;
  @ApiProperty({ description: 'The step that forked' })
  readonly step!: string;
  @ApiProperty({ example: 'all-must-complete' })
  readonly strategy!: string;
  @ApiProperty({ enum: ['waiting', 'met', 'unreachable'] })
  readonly outcome!: ConvergencePointView['outcome'];
  @ApiProperty({ description: 'The rule in words, with its figures' })
  readonly reason!: string;
  @ApiProperty({ type: TallyDto })
  readonly tally!: Tally;
  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['all'] },
      { type: 'array', items: { type: 'string' } },
    ],
  })
  readonly counted!: 'all' | readonly string[];
  @ApiProperty({ type: [String] })
  readonly dissented!: readonly string[];
  @ApiPropertyOptional({ description: 'The branch whose arrival decided' })
  readonly decidedBy?: string;
  @ApiProperty({ type: [String] })
  readonly cancelled!: readonly string[];
  @ApiPropertyOptional({
    description: 'How many of the cancelled branches were at work, and how many not',
    type: SavedDto,
  })
  readonly saved?: SavedDto;
  @ApiPropertyOptional(object)
  readonly exports?: JsonObject;
  @ApiPropertyOptional({ type: FailureDto })
  readonly failure?: Failure;
  @ApiPropertyOptional(anything)
  readonly output?: Json;
  @ApiPropertyOptional(moment)
  readonly at?: string;
}

export class ParallelBranchesDto implements ParallelBranchesView {
  @ApiProperty()
  readonly branch!: string;
  @ApiProperty()
  readonly step!: string;
  @ApiPropertyOptional({ description: 'How many of them may be open at once; absent: no limit' })
  readonly concurrency?: number;
  @ApiProperty({ type: [String], description: 'Paths' })
  readonly branches!: readonly string[];
  @ApiPropertyOptional({ description: 'Path of the branch in which their judge is asked, who is none of them' })
  readonly judge?: string;
}

const amounts = { type: 'object', additionalProperties: { type: 'number', minimum: 0 } } as const;

export class CostDto implements CostView {
  @ApiProperty()
  readonly attempts!: number;
  @ApiProperty({ description: 'Milliseconds that agents worked, summed over all attempts' })
  readonly agentMs!: number;
  @ApiProperty({ ...object, description: 'What agents said they used, summed by unit', example: { tokens: 1200 } })
  readonly usage!: JsonObject;
  @ApiPropertyOptional({
    ...amounts,
    description: 'Declared cost of attempts that have not reported what they used: open, given up or cancelled',
    example: { tokens: 500 },
  })
  readonly reserved?: Amounts;
  @ApiPropertyOptional({ ...amounts, description: 'What all attempts may use at most', example: { tokens: 20_000 } })
  readonly budget?: Amounts;
  @ApiPropertyOptional({
    ...amounts,
    description: 'The budget less what is used and reserved',
    example: { tokens: 18_300 },
  })
  readonly remaining?: Amounts;
}

export class WorkflowDto implements WorkflowView {
  @ApiProperty({ example: '019a8f0e-7c2b-7d10-9a55-3f1f5b0c2d44' })
  readonly id!: string;
  @ApiProperty({ type: PlaybookRefDto })
  readonly playbook!: PlaybookRefDto;
  @ApiPropertyOptional({ type: ParentDto, description: 'What started it, when it is a child of another workflow' })
  readonly parent?: ParentDto;
  @ApiProperty({ enum: statuses, enumName: 'WorkflowStatus' })
  readonly status!: WorkflowStatus;
  @ApiProperty({ enum: modes, enumName: 'ExecutionMode' })
  readonly executionMode!: ExecutionMode;
  @ApiProperty({ description: 'Version of the last event that this shows' })
  readonly version!: number;
  @ApiProperty(moment)
  readonly startedAt!: string;
  @ApiPropertyOptional(moment)
  readonly endedAt?: string;
  @ApiProperty(object)
  readonly variables!: JsonObject;
  @ApiProperty({ ...object, description: 'What the root branch knows' })
  readonly context!: JsonObject;
  @ApiPropertyOptional(anything)
  readonly output?: Json;
  @ApiPropertyOptional({ type: FailureDto })
  readonly error?: Failure;
  @ApiPropertyOptional({
    type: CompensationDto,
    description: 'How completed steps are undone, from when that begins. The workflow is `running` until it is over',
  })
  readonly compensation?: CompensationDto;
  @ApiProperty({ type: CostDto })
  readonly cost!: CostDto;
  @ApiProperty({ type: [BranchStatusDto] })
  readonly branchStatus!: readonly BranchStatusView[];
  @ApiProperty({ type: [ConvergencePointDto] })
  readonly convergencePoints!: readonly ConvergencePointView[];
  @ApiProperty({ type: [ParallelBranchesDto] })
  readonly parallelBranches!: readonly ParallelBranchesView[];
}

export class BranchCountsDto {
  @ApiProperty()
  readonly total!: number;
  @ApiProperty()
  readonly completed!: number;
  @ApiProperty()
  readonly failed!: number;
}

export class WorkflowSummaryDto implements WorkflowSummary {
  @ApiProperty()
  readonly id!: string;
  @ApiProperty({ example: 'repo-audit' })
  readonly playbook!: string;
  @ApiPropertyOptional()
  readonly playbookVersion?: string;
  @ApiProperty({ enum: statuses, enumName: 'WorkflowStatus' })
  readonly status!: WorkflowStatus;
  @ApiProperty({ enum: modes, enumName: 'ExecutionMode' })
  readonly executionMode!: ExecutionMode;
  @ApiProperty(moment)
  readonly startedAt!: string;
  @ApiPropertyOptional(moment)
  readonly endedAt?: string;
  @ApiProperty({ type: BranchCountsDto })
  readonly branches!: BranchCountsDto;
  @ApiPropertyOptional({ description: 'Why it failed' })
  readonly error?: string;
}

export class WorkflowListDto {
  @ApiProperty({ type: [WorkflowSummaryDto], description: 'Newest first' })
  readonly workflows!: readonly WorkflowSummary[];
  @ApiPropertyOptional({ description: '`cursor` of the next page; absent on the last' })
  readonly next?: string;
}

export class EventDto implements EventView {
  @ApiProperty({ example: '019a8f0e-7c2b-7d10-9a55-3f1f5b0c2d44:7' })
  readonly id!: string;
  @ApiProperty()
  readonly workflow!: string;
  @ApiProperty({ description: 'Counts from 1 without gaps', minimum: 1 })
  readonly version!: number;
  @ApiProperty({ example: 'BranchCompleted' })
  readonly type!: string;
  @ApiProperty(moment)
  readonly at!: string;
  @ApiProperty(anything)
  readonly data!: Json;
}

export class HistoryDto {
  @ApiProperty({ type: [EventDto] })
  readonly events!: readonly EventView[];
  @ApiPropertyOptional({ description: '`after` of the next page; absent on the last' })
  readonly next?: number;
}
