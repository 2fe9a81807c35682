import { type VerifyReport } from '@braid/history';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, Min } from 'class-validator';
import { MayBeAbsent } from '../edge/may-be-absent';

export class VerificationQueryDto {
  @ApiPropertyOptional({ description: 'Only this workflow' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(200)
  readonly workflow?: string;

  @ApiPropertyOptional({ description: 'Only workflows of this playbook' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(200)
  readonly playbook?: string;

  @ApiPropertyOptional({ description: 'How many workflows, picked at random', default: 100, maximum: 10_000 })
  @Type(() => Number)
  @IsInt({ message: 'sample must be a whole number' })
  @Min(1, { message: 'sample must be at least 1' })
  @Max(10_000, { message: 'sample must be at most 10000; braid verify goes through all workflows' })
  sample: number = 100;
}

export class VerificationCheckDto {
  @ApiProperty({ example: 'list' })
  readonly name!: VerifyReport['checks'][number]['name'];
  @ApiProperty({ description: 'What holds when it finds no fault' })
  readonly about!: string;
  @ApiPropertyOptional({ description: 'How much was looked at; absent for what only `braid verify` looks at' })
  readonly checked?: number;
  @ApiProperty()
  readonly faults!: number;
}

export class VerificationFaultDto {
  @ApiProperty({ example: 'list' })
  readonly check!: VerifyReport['faults'][number]['check'];
  @ApiPropertyOptional()
  readonly workflow?: string;
  @ApiPropertyOptional()
  readonly partition?: number;
  @ApiProperty()
  readonly message!: string;
  @ApiProperty({ description: 'What to do about it' })
  readonly advice!: string;
}

export class VerificationDto implements VerifyReport {
  @ApiProperty({ description: 'Whether nothing is wrong' })
  readonly ok!: boolean;
  @ApiProperty({ type: [VerificationCheckDto] })
  readonly checks!: VerifyReport['checks'];
  @ApiProperty({ type: [VerificationFaultDto], description: 'The first faults' })
  readonly faults!: VerifyReport['faults'];
  @ApiProperty({ description: 'How many faults there are beyond those' })
  readonly more!: number;
}
