#!/bin/sh
# Sees that the programs of PostgreSQL are there that the tests run; where they are not, installs those of
# the distribution, as root or through sudo. No server of the machine's own is made, none starts by itself.
set -eu

there() {
    for dir in ${PG_BIN:-/usr/lib/postgresql/*/bin $(echo "$PATH" | tr : ' ')}; do
        whole=yes
        for name in initdb postgres psql pg_controldata pgbench; do
            [ -x "$dir/$name" ] || whole=
        done
        [ -z "$whole" ] || exit 0
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

there
if [ -z "${PG_BIN:-}" ] && command -v apt-get >/dev/null; then
    {
        as_root mkdir -p /etc/postgresql-common/createcluster.d &&
            echo "create_main_cluster = false" |
            as_root tee /etc/postgresql-common/createcluster.d/none.conf >/dev/null &&
            as_root apt-get update &&
            as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y --no-install-recommends postgresql
    } >&2 || true
    there
fi
echo "PostgreSQL was not found, which the tests of its kernel run: initdb, postgres, psql, pg_controldata and" \
    "pgbench in one folder. Install it (apt-get install postgresql-15, with create_main_cluster = false in" \
    "/etc/postgresql-common/createcluster.d/none.conf first), or name the folder in PG_BIN." >&2
exit 1
