#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A stack that is started stays, says where it is when it is started again, and stops; nothing runs after that.
set -euo pipefail
stack=$1
dir=$(mktemp -d /tmp/guestpass-up-XXXXXX)
chmod 755 "$dir"
trap '"$stack" down --data-dir "$dir" >/dev/null; rm -rf "$dir"' EXIT

expect() { # WHAT PATTERN FILE
  grep -q "$2" "$3" || { echo "expected $1:"; cat "$3"; exit 1; }
}

"$stack" down --data-dir "$dir" >"$dir/out" || { echo "down failed where nothing runs"; exit 1; }
expect "that nothing runs" '^Nothing runs' "$dir/out"
"$stack" up --data-dir "$dir" >"$dir/out" || { cat "$dir/out"; exit 1; }
expect "where the gateway is" 'messaging-gateway  *127.0.0.1:[0-9]' "$dir/out"
expect "how to get a token" "^export OLGA=.*token --data-dir $dir" "$dir/out"
"$stack" up --data-dir "$dir" >"$dir/again"
expect "that it runs already" '^It is running already' "$dir/again"
expect "the banner again" 'messaging-gateway  *127.0.0.1:[0-9]' "$dir/again"
"$stack" down --data-dir "$dir" >"$dir/out"
expect "that it stopped" '^Stopped' "$dir/out"
if pgrep -f -- "$dir" >/dev/null; then
  echo "still running:"; pgrep -af -- "$dir"; exit 1
fi
"$stack" up --data-dir "$dir" >"$dir/out" || { echo "a second start failed"; cat "$dir/out"; exit 1; }
"$stack" down --data-dir "$dir" >/dev/null
