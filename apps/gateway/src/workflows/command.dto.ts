import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

/** What a command to a workflow may say besides what is wanted. */
export class CommandDto {
  @ApiPropertyOptional({ description: 'Why, for the record', example: 'no longer needed', maxLength: 1000 })
  @IsOptional()
  @IsString({ message: 'reason must be text' })
  @MaxLength(1000, { message: 'reason must have at most 1000 characters' })
  reason?: string;
}
