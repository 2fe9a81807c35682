import { type Amounts } from '@braid/events';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsString, MaxLength } from 'class-validator';
import { MayBeAbsent } from '../edge/may-be-absent';
import { IsBudget } from './is-budget';

/** What a command to a workflow may say besides what is wanted. */
export class CommandDto {
  @ApiPropertyOptional({ description: 'Why, for the record', example: 'no longer needed', maxLength: 1000 })
  @MayBeAbsent()
  @IsString({ message: 'reason must be text' })
  @MaxLength(1000, { message: 'reason must have at most 1000 characters' })
  reason?: string;
}

export class RetryDto extends CommandDto {
  @ApiPropertyOptional({
    description: 'What the workflow may use at most from now on, in all, by unit; other units keep their budget',
    type: 'object',
    additionalProperties: { type: 'number', minimum: 0 },
    example: { tokens: 40_000 },
  })
  @MayBeAbsent()
  @IsBudget()
  budget?: Amounts;
}

export class CancelDto extends CommandDto {
  @ApiPropertyOptional({
    description: 'Undo the steps that have completed and say how, before the workflow ends; it is `running` meanwhile',
    default: false,
  })
  @MayBeAbsent()
  @IsBoolean({ message: 'compensate must be true or false' })
  compensate?: boolean;
}
