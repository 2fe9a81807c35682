/** Any value that JSON can carry. Everything that enters or leaves a workflow is such a value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type JsonObject = { readonly [key: string]: Json };
