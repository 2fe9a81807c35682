#!/usr/bin/env bash
# Checks Dockerfile and docker-compose.yml for real: builds, brings everything up, runs workflows through the gateway while
# containers are killed, scales, goes down and up again. Needs docker with compose, curl and node. Uses names and ports of its
# own and removes all that it made, whatever happens. Exits with 0 only if every check held.
set -euo pipefail
cd "$(dirname "$0")/../.."

project="braid-test-$$"
image="$project"
work=$(mktemp -d)
if docker compose version >/dev/null 2>&1; then tool=(docker compose); else tool=(docker-compose); fi
unset BRAID_SECRET POSTGRES_PASSWORD NATS_PASSWORD BRAID_HTTP_BIND BRAID_PARTITIONS BRAID_EXECUTION_MODE BRAID_SLOTS

compose() { "${tool[@]}" --project-name "$project" --env-file "$work/env" "$@"; }
say() { printf '\n== %s (after %s s)\n' "$*" "$SECONDS"; }
pass() { printf '   ok: %s\n' "$*"; }
fail() { printf '   FAILED: %s\n' "$*" >&2; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }

clean_up() {
  local code=$?
  trap - EXIT INT TERM
  if [ "$code" -ne 0 ]; then
    compose ps --all >&2 2>/dev/null || compose ps >&2 || true
    compose logs --no-color --tail=40 >&2 || true
  fi
  compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || true
  docker image rm "$image" >/dev/null 2>&1 || true
  rm -rf "$work"
  if [ "$code" -eq 0 ]; then printf '\nEvery check held (%s s).\n' "$SECONDS"; fi
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Tries a command every half second until it succeeds: within SECONDS-LIMIT "WHAT" COMMAND…
within() {
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >"$work/log" 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || { cat "$work/log" >&2; fail "not in time: $what"; }
    sleep 0.5
  done
  pass "$what"
}

# Evaluates an expression over the JSON document `d` on standard input.
json() { node -e 'const d = JSON.parse(require("node:fs").readFileSync(0, "utf8")); const v = eval(process.argv[1]); console.log(typeof v === "string" ? v : JSON.stringify(v))' "$1"; }
holds() { [ "$(json "$1")" = true ]; }

# The containers of a service that run, as short ids (a container's host name).
running() { docker ps --quiet --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1"; }

# As many containers run as are expected, and each is healthy.
all_healthy() {
  local containers
  containers=$(docker ps --quiet --filter "label=com.docker.compose.project=$project")
  [ "$(wc -w <<<"$containers")" -eq "$1" ] || return 1
  # shellcheck disable=SC2086 # one word per container
  [ "$(docker inspect --format '{{.State.Health.Status}}' $containers | sort -u)" = healthy ]
}

# The published port is a free one and changes with the container.
request() {
  local path=$1
  shift
  curl --silent --show-error --max-time 60 "$@" "http://$(compose port gateway 3000)$path"
}
start() { request '/v1/workflows' --fail-with-body --header 'content-type: application/json' --data "{\"playbook\": $1}" | json d.id; }
completed() { request "/v1/workflows/$1" | holds 'd.status === "completed"'; }
# The host of the runner that works on a branch, and that branch; fails when none is seen working.
worker() { request "/v1/workflows/$1" | json '(d.branchStatus.find((b) => b.status === "running" && b.runner) ?? { runner: "--" }).runner.split("-")[1]' | grep .; }

# `count` branches that sleep for `ms` each, whose output tells who slept.
sleepers() {
  node -e 'const [name, count, ms] = process.argv.slice(1);
    const branches = Object.fromEntries(Array.from({ length: +count }, (_, i) => ["b" + i, { agent: "builtin.sleep", with: { ms: +ms, who: i } }]));
    console.log(JSON.stringify({ name, steps: [{ id: "naps", parallel: { branches } }], output: "${{ steps.naps.output }}" }))' "$@"
}

# Every branch completed exactly once, and the output has all of them.
whole() {
  local id=$1 count=$2
  request "/v1/workflows/$id" | holds "Object.values(d.output).map((o) => o.who).sort((a, b) => a - b).join() === [...Array($count).keys()].join()" || fail "$id has not the output of all its branches"
  request "/v1/workflows/$id/events?limit=1000" | holds "(() => { const done = d.events.filter((e) => e.type === 'BranchCompleted').map((e) => e.data.branch); return done.length >= $count && new Set(done).size === done.length; })()" || fail "$id has a branch without, or with more than one, outcome"
}

printf 'BRAID_IMAGE=%s\nBRAID_HTTP_PORT=0\nBRAID_GRPC_PORT=0\nBRAID_DRAIN_TIMEOUT=3s\n' "$image" >"$work/env"

say 'Without secrets nothing starts, and the message says what to do'
for name in BRAID_SECRET POSTGRES_PASSWORD NATS_PASSWORD; do
  for other in BRAID_SECRET POSTGRES_PASSWORD NATS_PASSWORD; do if [ "$other" != "$name" ]; then printf '%s=x\n' "$other"; fi; done >"$work/partial"
  if "${tool[@]}" --env-file "$work/partial" config >"$work/log" 2>&1; then fail "compose accepts a missing $name"; fi
  grep -q "set $name in .env" "$work/log" || { cat "$work/log"; fail "the message about $name is not clear"; }
done
pass 'each missing secret is named'
for name in BRAID_SECRET POSTGRES_PASSWORD NATS_PASSWORD; do
  printf '%s=%s\n' "$name" "$(node -p 'crypto.randomBytes(32).toString("hex")')" >>"$work/env"
done

say 'Build'
quietly compose build
pass "$(docker image inspect --format '{{.Size}}' "$image" | awk '{ printf "image of %d MB", $1 / 1e6 }')"

say 'Up: postgres, nats, gateway, 2 orchestrators, 2 runners'
quietly compose up --detach
within 240 'seven containers are healthy' all_healthy 7
for service in gateway orchestrator agent-runner; do
  container=$(running "$service" | head -n 1)
  [ "$(docker exec "$container" id -u)" -ne 0 ] || fail "$service runs as root"
  if docker exec "$container" sh -c 'touch /app/x || touch /usr/x' 2>/dev/null; then fail "$service can change its own files"; fi
  docker exec "$container" touch /tmp/x || fail "$service has no scratch space"
done
pass 'services run without root, on file systems that they cannot change'
if docker exec "$(running agent-runner | head -n 1)" node -e 'require("node:net").connect(5432, "postgres").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'; then
  fail 'runners reach the database'
fi
pass 'runners do not reach the database'

say 'A workflow'
first=$(start "$(sleepers first 3 300)")
within 60 'it completes' completed "$first"
whole "$first" 3
pass 'with the output of every branch, each completed once'

say 'A runner is killed in the middle of a run'
id=$(start "$(sleepers runner-killed 8 6000)")
within 30 'a runner works on it' worker "$id"
victim=$(worker "$id")
docker kill "$victim" >/dev/null
pass "killed $victim"
within 120 'it completes' completed "$id"
whole "$id" 8
request "/v1/workflows/$id" | holds "d.branchStatus.every((b) => !b.runner?.includes('$victim'))" || fail 'a result comes from the killed runner'
pass 'with the output of every branch, each completed once'

say 'Scale to four runners'
quietly compose up --detach --scale agent-runner=4
within 120 'nine containers are healthy' all_healthy 9
four_runners() { [ "$(request /v1/runners | json 'd.runners.map((r) => r.host).sort().join("\n")')" = "$(running agent-runner | sort)" ]; }
within 60 'the gateway lists these four, and no other' four_runners

say 'An orchestrator is killed in the middle of eight runs'
ids=()
for n in 1 2 3 4 5 6 7 8; do ids+=("$(start "$(sleepers "orchestrator-killed-$n" 4 4000)")"); done
docker kill "$(running orchestrator | head -n 1)" >/dev/null
for id in "${ids[@]}"; do
  within 120 "$id completes" completed "$id"
  whole "$id" 4
done
pass 'with the output of every branch, each completed once'

say 'Down in the middle of a run, and up again'
before=$(request "/v1/workflows/$first" | json d.output)
id=$(start "$(sleepers interrupted 4 12000)")
within 30 'a runner works on it' worker "$id"
quietly compose down
[ -z "$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project")" ] || fail 'containers are left after down'
quietly compose up --detach
within 240 'seven containers are healthy' all_healthy 7
[ "$(request "/v1/workflows/$first" | json d.output)" = "$before" ] || fail 'the first workflow is not what it was'
pass 'the first workflow is what it was'
within 120 'the interrupted one completes' completed "$id"
whole "$id" 4
pass 'with the output of every branch, each completed once'

say 'Down with volumes'
quietly compose down --volumes
for kind in volume network; do
  [ -z "$(docker "$kind" ls --quiet --filter "label=com.docker.compose.project=$project")" ] || fail "a $kind is left"
done
pass 'nothing is left'
