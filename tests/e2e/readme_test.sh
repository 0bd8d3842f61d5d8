#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command of the README works as printed: its ```sh blocks are one script, run from top to bottom where
# ./guestpass up and down start and stop a real stack. Needs grpcurl, whose path is in GUESTPASS_GRPCURL.
#
# demo, test and bench are not run here: they would run this test, or take minutes. Of these three, and of lint
# and fmt, it is only checked that ./guestpass help has them.
set -euo pipefail
readme=$PWD/$1 script=$PWD/$2 stack=$PWD/$3 token=$PWD/$4
[[ -x ${GUESTPASS_GRPCURL:-} ]] || { echo "Set GUESTPASS_GRPCURL to the path of grpcurl; ./guestpass test does."; exit 1; }

place=$(mktemp -d /tmp/guestpass-readme-XXXXXX)
chmod 755 "$place"
export GUESTPASS_DATA_DIR=$place/.guestpass/data
trap '"$stack" down >/dev/null || true; rm -rf "$place"' EXIT
mkdir -p "$GUESTPASS_DATA_DIR" "$place/bin"
ln -s "$PWD" "$place/bazel-bin"
ln -s "$GUESTPASS_GRPCURL" "$place/bin/grpcurl"

# What ./guestpass does once everything is built.
cat >"$place/guestpass" <<END
#!/usr/bin/env bash
case \$1 in
  up) exec "$stack" up >"$place/up.txt" ;;
  down) exec "$stack" down ;;
  token) shift; exec "$token" "\$@" ;;
  user) shift; exec "$token" --id "\$@" ;;
  demo | test | bench | lint | fmt) "$script" help | grep "^  ./guestpass \$1" ;;
  *) exec "$script" "\$@" ;;
esac
END
chmod 755 "$place/guestpass"

awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$readme" >"$place/readme.sh"
commands=$(grep -cE '^(\./guestpass|.*grpcurl )' "$place/readme.sh")
((commands >= 12)) || { echo "only $commands commands found in the README's sh blocks"; exit 1; }
status=0
(cd "$place" && PATH=$place/bin:$PATH bash -eu readme.sh) >>"$place/said" 2>&1 || status=$?
((status == 0)) || { cat "$place/said"; echo "the README's commands ended with $status"; exit 1; }

# That each call did what the README says of it, and did not only end well.
for expected in '"name": "organizations/' 'CHANNEL_KIND_PRIVATE' '"delivery": "DELIVERY_SENT"' '"role": "ROLE_GUEST"' \
  '"welcome"' '"text": "Good morning"' '"write_result"' '"state": "GUEST_STATE_ACTIVE"' '"allowed": true' \
  '"reason": "GUEST_SOFT_LOCKED"' '"reason": "ROLE_TOO_LOW"' 'Stopped'; do
  grep -qF -- "$expected" "$place/said" || { cat "$place/said"; echo "not there: $expected"; exit 1; }
done
