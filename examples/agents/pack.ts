import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { defineAgent } from '@braid/sdk';

const ways = { brotli: brotliCompressSync, deflate: deflateSync, gzip: gzipSync };

type Input = { readonly way: keyof typeof ways; readonly text: string };

/** Packs a text and gives it as base64 with its size. */
export default defineAgent<Input>({
  name: 'text.pack',
  description: 'Compresses a text by brotli, deflate or gzip',
  inputSchema: {
    type: 'object',
    required: ['way', 'text'],
    properties: { way: { enum: Object.keys(ways) }, text: { type: 'string' } },
  },
  run: ({ way, text }) => {
    const packed = ways[way](text);
    return { way, bytes: packed.length, base64: packed.toString('base64') };
  },
});
