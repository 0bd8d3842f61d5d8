#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The token command as people call it: what it prints, what it leaves, and how it refuses.
set -euo pipefail

token="$1"
data="$TEST_TMPDIR/data"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

payload() {
  local part
  part=$(cut -d. -f2 | tr -- -_ +/)
  while ((${#part} % 4)); do part+="="; done
  base64 -d <<<"$part"
}

refuses() {
  local wanted="$1" said status=0
  shift
  said=$("$token" "$@" 2>&1 >"$TEST_TMPDIR/out") || status=$?
  [[ $status == 2 ]] || fail "$*: exit $status, not 2"
  [[ $said == *"$wanted"* ]] || fail "$*: said \"$said\""
  [[ $(wc -l <<<"$said") == 1 ]] || fail "$*: more than one line: $said"
  [[ ! -s $TEST_TMPDIR/out ]] || fail "$*: printed something"
}

[[ -z $("$token" --init --data-dir "$data") ]] || fail "--init printed something"
[[ $(stat -c %a "$data/issuer.jwk") == 600 ]] || fail "issuer.jwk can be read by others"
key=$(cat "$data/issuer.jwk")

claims=$("$token" alice --data-dir "$data" --email alice@example.com --operator --ttl 90s | payload)
for part in '"sub":"alice"' '"email":"alice@example.com"' '"email_verified":true' '"gp_operator":true' \
  '"iss":"https://issuer.guestpass.test"' '"aud":"guestpass"'; do
  [[ $claims == *"$part"* ]] || fail "no $part in $claims"
done
[[ $claims =~ \"exp\":([0-9]+) ]] && exp="${BASH_REMATCH[1]}"
[[ $claims =~ \"iat\":([0-9]+) ]] && iat="${BASH_REMATCH[1]}"
((exp - iat == 90)) || fail "valid for $((exp - iat)) s, not 90"

[[ $("$token" --unverified bob --email b@c.test --data-dir "$data" | payload) == *'"email_verified":false'* ]] ||
  fail "--unverified is verified"
[[ $("$token" invite --service invite --data-dir "$data" | payload) == *'"gp_service":"invite"'* ]] ||
  fail "no gp_service"
[[ $("$token" --id alice --data-dir "$data") =~ ^[a-z2-7]{26}$ ]] || fail "--id is no id"
[[ $(cat "$data/issuer.jwk") == "$key" ]] || fail "the key changed"
[[ $(GUESTPASS_DATA_DIR="$data" "$token" alice | tr -cd .) == ".." ]] || fail "no token by the environment"
[[ $("$token" --help) == *"--ttl, GUESTPASS_TTL (default: 12h)"* ]] || fail "--help does not tell of --ttl"

refuses "Set GUESTPASS_DATA_DIR or --data-dir" alice
refuses "Give one NAME" --data-dir "$data"
refuses "Give one NAME" --data-dir "$data" alice bob
refuses "--ttl is \"0s\"" --data-dir "$data" alice --ttl 0s
refuses "There is no flag --emial" --data-dir "$data" alice --emial=a@b.test
refuses "Cannot write" --data-dir "$data/issuer.jwk" alice
echo '{}' >"$data/issuer.jwk"
refuses "remove it, and a new one will be made" --data-dir "$data" alice
