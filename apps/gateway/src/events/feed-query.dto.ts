import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

export class FeedQueryDto {
  @ApiPropertyOptional({ description: 'The id of the last message that is known already; 0: from the beginning' })
  @IsOptional()
  @IsString({ message: 'after must be given once' })
  after?: string;

  @ApiPropertyOptional({ description: 'Only events of these types, separated by commas', example: 'WorkflowCompleted' })
  @IsOptional()
  @IsString({ message: 'type must be given once; separate several types by commas' })
  @MaxLength(1000, { message: 'type must have at most 1000 characters' })
  type?: string;

  @ApiPropertyOptional({ description: 'Only workflows of these playbooks, separated by commas' })
  @IsOptional()
  @IsString({ message: 'playbook must be given once; separate several names by commas' })
  @MaxLength(1000, { message: 'playbook must have at most 1000 characters' })
  playbook?: string;

  @ApiPropertyOptional({ description: 'Only these workflows, separated by commas' })
  @IsOptional()
  @IsString({ message: 'workflow must be given once; separate several ids by commas' })
  @MaxLength(4000, { message: 'workflow must have at most 4000 characters' })
  workflow?: string;
}
