// verify.sh, as every exported folder carries it: a second verifier that shares no line with ours. Needs jq, openssl, coreutils.

/** One long line per check, so that a reader can take them in at a glance. */
export const VERIFY_SH = String.raw`#!/usr/bin/env bash
# Checks this folder without access-broker: needs jq, openssl 3 and coreutils only. Exit 0: all holds. Exit 6: what does not is named.
# Give your own copy of the provider's JWKS to rely on nobody's word for its keys:  ./verify.sh my-jwks.json
set -euo pipefail
pin=$(realpath -- "$1" 2>/dev/null || true); cd -- "$(dirname -- "$0")"; export LC_ALL=C; t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; declare -A prev; n=0
bad() { printf 'BAD %s: %s\n' "$1" "$2" >&2; exit 6; }; b64u() { local s=$1; while ((@{#s} % 4)); do s+==; done; printf %s "$s" | basenc -d --base64url; }; hex() { b64u "$1" | basenc -w0 --base16; }; blob() { printf 'v1/blob/sha256/%s/%s' "@{1:0:2}" "$1"; }

# A PK token: nonce commits to the key (OpenPubkey), our key signed it, the provider signed it. Leaves the key in $t/$1.pem.
token() {
  f=$(blob "$1"); jq -r '.payload, .signatures[].protected, .signatures[].signature' "$f" > "$t/k"; { read -r body; read -r ph; read -r ch; read -r ps; read -r cs; } < "$t/k"; b64u "$ch" > "$t/cic"; b64u "$body" > "$t/id"
  x=$(jq -r .upk.x "$t/cic"); y=$(jq -r .upk.y "$t/cic"); printf '3059301306072A8648CE3D020106082A8648CE3D03010703420004%s%s' "$(hex "$x")" "$(hex "$y")" | basenc -d --base16 | openssl pkey -pubin -inform DER -out "$t/$1.pem" || bad "$f" "its key is no P-256 key"
  c=$(hex "$cs"); [ @{#c} = 128 ] || bad "$f" "its own signature has a wrong length"; openssl asn1parse -genconf <(printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "@{c:0:64}" "@{c:64}") -noout -out "$t/c"; openssl dgst -sha256 -verify "$t/$1.pem" -signature "$t/c" <(printf %s "$ch.$body") > /dev/null 2>&1 || bad "$f" "our signature over the ID token does not hold"
  nonce=$(jq -r '.nonce // ""' "$t/id"); [ -z "$nonce" ] || [ "$nonce" = "$(openssl dgst -sha3-256 -binary "$t/cic" | basenc -w0 --base64url | tr -d =)" ] || bad "$f" "the ID token's nonce does not commit to the key"
  [ "$(b64u "$ph" | jq -r .alg)" = RS256 ] || { echo "NOTE $f: the provider's signature is not RS256; check it with another tool"; return; }
  kid=$(b64u "$ph" | jq -r '.kid // ""'); read -r m e < <(jq -sr --arg kid "$kid" '[.[].keys[] | select(.kty == "RSA" and ($kid == "" or .kid == $kid))][0] | "\(.n) \(.e)"' "@{@:2}"); [ "$m" != null ] || bad "$f" "no provider key has its kid"
  openssl asn1parse -genconf <(printf 'asn1=SEQUENCE:k\n[k]\na=SEQUENCE:a\nb=BITWRAP,SEQUENCE:r\n[a]\no=OID:rsaEncryption\nn=NULL\n[r]\nn=INTEGER:0x%s\ne=INTEGER:0x%s\n' "$(hex "$m")" "$(hex "$e")") -noout -out "$t/r"; b64u "$ps" > "$t/ps"; openssl dgst -sha256 -verify <(openssl pkey -pubin -inform DER -in "$t/r") -signature "$t/ps" <(printf %s "$ph.$body") > /dev/null 2>&1 || bad "$f" "the provider's signature does not hold"
}

# Every statement, each writer's in the order of their numbers. The eight checks:
while IFS= read -r f; do
  jq -r .dsseEnvelope.payload "$f" | base64 -d > "$t/p" && jq -r '.dsseEnvelope.signatures[0].sig' "$f" | base64 -d > "$t/s" || bad "$f" "unreadable"
  [ "$(jq -S -c -j . "$f" | sha256sum)" = "$(sha256sum < "$f")" ] && [ "$(jq -S -c -j . "$t/p" | sha256sum)" = "$(sha256sum < "$t/p")" ] || bad "$f" "not its canonical spelling"
  [ "$(jq -r .predicate.key "$t/p")" = "$f" ] && [ "$(jq -r .predicate.store "$t/p")" = "$(jq -r .id v1/store.json)" ] || bad "$f" "signed for another place or store"
  while read -r name d; do [ -e "$(blob "$d")" ] || jq -e --arg d "$d" '.withheld | index($d)' index.json > /dev/null || bad "$(blob "$d")" "missing: $name of $f"; [ ! -e "$(blob "$d")" ] || [ "$(sha256sum < "$(blob "$d")")" = "$d  -" ] || bad "$(blob "$d")" "digest differs: $name of $f"; done < <(jq -r '.subject[] | "\(.name) \(.digest.sha256)"' "$t/p")
  pk=$(jq -r .predicate.identity.pkToken "$t/p"); [ -e "$t/$pk.pem" ] || { mapfile -t jwks < <(jq -r '.subject[] | select(.name | test("^jwks")) | .digest.sha256' "$t/p" | while read -r d; do blob "$d"; echo; done); token "$pk" "@{pin:-@{jwks[@]}}"; jq -c '[.iss, .sub]' "$t/id" > "$t/$pk.who"; jq -r '.upk | "{\"crv\":\"\(.crv)\",\"kty\":\"\(.kty)\",\"x\":\"\(.x)\",\"y\":\"\(.y)\"}"' "$t/cic" | tr -d '\n' | openssl dgst -sha256 -binary | basenc -w0 --base64url | tr -d = > "$t/$pk.jkt"; }
  [ "$(jq -c '[.predicate.identity.iss, .predicate.identity.sub]' "$t/p")" = "$(cat "$t/$pk.who")" ] && [ "$(jq -r .predicate.identity.jkt "$t/p")" = "$(cat "$t/$pk.jkt")" ] || bad "$f" "signed in another person's name"
  openssl dgst -sha256 -verify "$t/$pk.pem" -signature "$t/s" <(printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s "$t/p")"; cat "$t/p") > /dev/null 2>&1 || bad "$f" "signature does not hold"
  w=$(jq -r .predicate.chain.writer "$t/p"); q=$(jq -r .predicate.chain.seq "$t/p"); if [ -n "@{prev[$w]:-}" ]; then [ "@{prev[$w]}" = "$q $(jq -r .predicate.chain.prev "$t/p")" ] || bad "$f" "does not follow the statement before it: removed, added or exchanged"; fi; prev[$w]="$((q + 1)) $(sha256sum < "$f" | cut -c1-64)"; n=$((n + 1))
done < <(find v1/stmt -name '*.sigstore.json' | sort -t/ -k4,4 -k5,5)
[ "$n" = "$(jq '.statements | length' index.json)" ] || bad index.json "it lists another number of statements"
jq -r '.heads | to_entries[] | "\(.key) \(.value.seq + 1) \(.value.sha256)"' index.json | while read -r w h; do [ "@{prev[$w]:-}" = "$h" ] || bad index.json "the newest statement of $w is not here"; done
echo "OK: $n statements hold, with every blob they name."
`.replaceAll('@{', '${');
