#!/bin/bash
# Makes images that stand in for those which docker-compose.yml and the Dockerfiles take from a registry, on a Debian machine
# without one: needs root (debootstrap), an engine with BuildKit, and Debian's mirror and a package index.
#
#   docker/standins/make.sh [--secret ...]     options go to `docker build`: docs/deployment.md, "A trial of the whole"
#
# The images get the names that those of the registry have, so that nothing else differs; an image of the registry that is
# there already is never replaced: the script leaves it, and so uses it. DOCKER names the client, DEBIAN_MIRROR a mirror.
set -euo pipefail
cd "$(dirname "$0")/../.."
DOCKER=${DOCKER:-docker}
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

case ${1:-} in -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "docker/standins/make.sh"; exit 0 ;; esac

# The image that a file names, by the beginning of its name.
named() { sed -nE "s#^( *image:|FROM) ($1:[^ ]*).*#\\2#p" docker-compose.yml docker/*Dockerfile | head -1; }

is_there() { "$DOCKER" image inspect "$1" > /dev/null 2>&1; }

is_standin() { [ -n "$("$DOCKER" image inspect --format '{{index .Config.Labels "caco.standin"}}' "$1")" ]; }

build() { # NAME FILE CONTEXT [OPTIONS]
    local name=$1 file=$2 context=$3
    shift 3
    if is_there "$name" && ! is_standin "$name"; then
        echo "$name is here already, from a registry: it is used as it is."
        return
    fi
    echo "$name is made from docker/standins/$file ..."
    DOCKER_BUILDKIT=1 "$DOCKER" build --quiet --network host --tag "$name" --file "docker/standins/$file" "$@" "$context"
}

debian() {
    is_there caco-standin-debian:bookworm && return
    [ "$(id -u)" = 0 ] || { echo "debootstrap needs root." >&2; exit 1; }
    command -v debootstrap > /dev/null || { echo "debootstrap is missing: apt-get install debootstrap." >&2; exit 1; }
    echo "Debian 12 is fetched ..."
    local root
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$MIRROR" > "$root.log" 2>&1 \
        || { tail -5 "$root.log" >&2; exit 1; }
    rm -rf "$root"/var/cache/apt/archives/*.deb
    tar -C "$root" -c . | "$DOCKER" import --change 'LABEL caco.standin=1' - caco-standin-debian:bookworm > /dev/null
    rm -rf "$root" "$root.log"
}

debian
python=$(named python)
build "$python" python.Dockerfile docker/standins
build "$(named postgres)" postgres.Dockerfile docker/standins --build-arg PYTHON="$python" "$@"
build "$(named valkey/valkey)" valkey.Dockerfile docker/standins
build "$(named versity/versitygw)" versitygw.Dockerfile . --build-arg PYTHON="$python" "$@"
