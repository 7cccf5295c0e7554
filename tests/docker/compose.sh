# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The stack of docker/docker-compose.prod.yml for the tests in this folder. Sourced.
#   compose_images BIN   an engine with all images that the file names
#   make_site            a directory as a checkout, with ports of the test's, and `type` (below)
#   compose ARGUMENT...  docker compose, or docker-compose, there
#   containers, container SERVICE, all_healthy COUNT
# shellcheck source=tests/docker/engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

compose_images() {
  start_engine
  base_images
  image redis:7-bookworm redis
  image prom/prometheus:v2.53.5 prometheus
  image prom/alertmanager:v0.28.1 alertmanager
  image grafana/grafana:11.6.0 grafana
  image pgvector/pgvector:pg17 postgres
  holdfast_images "$1"
}

ports() { python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
print(*[one.getsockname()[1] for one in held])'; }

make_site() {
  export COMPOSE_PROJECT_NAME=hf$$ COMPOSE_PROFILES=alertmanager
  read -r api_port prometheus_port grafana_port alertmanager_port receiver_port single_port <<<"$(ports)"
  export HTTP_PUBLISH=127.0.0.1:$api_port PROMETHEUS_PUBLISH=127.0.0.1:$prometheus_port
  # Not that of a run which was killed and has left its network.
  export FRONT_SUBNET=172.16.$((RANDOM % 200)).0/24
  export GRAFANA_PUBLISH=127.0.0.1:$grafana_port ALERTMANAGER_PUBLISH=127.0.0.1:$alertmanager_port
  single=$COMPOSE_PROJECT_NAME-single  # one container without compose
  # shellcheck disable=SC2034
  api=http://127.0.0.1:$api_port prometheus=http://127.0.0.1:$prometheus_port
  mkdir "$work/site"
  git -C "$root" ls-files -z docker | tar -C "$root" --null -T - -c | tar -x -C "$work/site"
  composer='docker compose'
  $composer version >/dev/null 2>&1 || composer=docker-compose
  say "with $($composer version --short)"
  # A documented line, with the tool that there is, and our ports.
  cat >"$work/type" <<SHELL
#!/bin/bash
line=\${1//docker compose /$composer }
line=\${line// exec -T / exec }
line=\${line// exec / exec -T }
line=\${line//localhost:3000/127.0.0.1:$api_port}
line=\${line//127.0.0.1:3000:/127.0.0.1:$single_port:}
line=\${line//--name holdfast /--name $single }
line=\${line//-v holdfast-data:/-v $single-data:}
line=\${line//8099/$receiver_port}
cd "$work/site" && exec bash -o pipefail -c "\$line"
SHELL
  chmod +x "$work/type"
}

compose() { (cd "$work/site" && $composer -f docker/docker-compose.prod.yml "$@"); }
containers() { docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" "$@"; }
container() { containers --filter "label=com.docker.compose.service=$1"; }
all_healthy() {
  [ "$(containers | xargs docker inspect -f '{{.State.Health.Status}}' | sort | uniq -c | tr -s ' ')" = " $1 healthy" ]
}
