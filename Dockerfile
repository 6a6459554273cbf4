# The image of every node, master and worker alike: `docker run frostbyte master …`, `docker run frostbyte worker …`.

FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Prebuilt modules come inside their packages: nothing is compiled, and no install script runs.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node tools/pack.ts

FROM node:26-bookworm-slim
WORKDIR /app
# What installs packages has no business in a container that serves.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    && mkdir -p /data /secret && chown node:node /data /secret
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
COPY --from=build /build/node_modules ./node_modules
ENV NODE_ENV=production FROSTBYTE_DATA=/data FROSTBYTE_HOST=0.0.0.0 FROSTBYTE_OBSERVE_HOST=0.0.0.0
USER node
VOLUME /data
# REST, S3, profiles and metrics of a master and of a worker, internal ports of a master and of a worker
EXPOSE 8080 9000 6060 6061 7000 7001
ENTRYPOINT ["node", "/app/bin/frostbyte.js"]
CMD ["--help"]
