import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { HealthController, healthOptions, type HealthOptions } from './health.controller';

/** Serves `/health/live`, `/health/ready` and `/metrics`. */
@Module({})
export class HealthModule {
  /** `inject` are the providers that `useFactory` gets, from the modules in `imports`. */
  static forRootAsync<T extends readonly unknown[]>(options: {
    readonly imports?: NonNullable<ModuleMetadata['imports']>;
    readonly inject: { readonly [K in keyof T]: InjectionName<T[K]> };
    readonly useFactory: (...dependencies: T) => HealthOptions;
  }): DynamicModule {
    return {
      module: HealthModule,
      imports: options.imports ?? [],
      controllers: [HealthController],
      providers: [{ provide: healthOptions, inject: [...options.inject], useFactory: options.useFactory }],
    };
  }
}

type InjectionName<T> = symbol | string | (abstract new (...dependencies: never[]) => T);
