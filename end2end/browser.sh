#!/bin/sh
# Prints the path of a Chromium that runs, installing one where there is none: Debian's by apt, as
# root or through sudo, else the one that Playwright fetches (then nothing is printed).
set -eu
cd "$(dirname "$0")"

found() {
    for name in "${CHROMIUM_BIN:-}" chromium chromium-browser google-chrome; do
        # It must start: on some systems the package is a shell that asks for another package.
        if [ -n "$name" ] && path=$(command -v "$name") && "$path" --version >/dev/null 2>&1; then
            echo "$path"
            exit 0
        fi
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

found
if command -v apt-get >/dev/null; then
    as_root apt-get update >&2 &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends chromium >&2 || true
    found
fi
npx playwright install --with-deps chromium >&2 || npx playwright install chromium >&2
