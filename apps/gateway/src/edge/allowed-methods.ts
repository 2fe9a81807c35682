import { type FastifyInstance, type RouteOptions } from 'fastify';

/** Which methods an address takes, so that a wrong method is told from a wrong address. */
export type AllowedMethods = (path: string) => readonly string[];

/** Follows the routes of the instance; call it before they are registered. */
export function followRoutes(instance: FastifyInstance): AllowedMethods {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  instance.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (url.includes('*')) return;
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    [method].flat().forEach((name) => route.methods.add(name.toUpperCase()));
    routes.set(url, route);
  });
  return (path) => {
    const methods = [...routes.values()].filter((route) => route.pattern.test(path)).flatMap((r) => [...r.methods]);
    return [...new Set(methods)].sort();
  };
}

function patternOf(url: string): RegExp {
  const segments = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[^\w-]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}/?$`);
}
