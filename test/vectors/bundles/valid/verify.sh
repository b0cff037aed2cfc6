#!/usr/bin/env bash
# Checks this folder without access-broker: needs jq, openssl 3, coreutils, bash and sed. Exit 0: all holds. Exit 6: what does not is named.
# Give your own copy of the provider's JWKS to rely on nobody's word for its keys, and certificates of the time stamping authority to
# have time stamps checked:  ./verify.sh my-jwks.json tsa.pem
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"; set +o posix; [ "${BASH_VERSINFO[0]}" -ge 4 ] || { echo "verify.sh needs bash 4 or newer" >&2; exit 2; }
set -euo pipefail
pin=$(realpath -- "${1:-}" 2>/dev/null || true); tsa=$(realpath -- "${2:-}" 2>/dev/null || true); cd -- "$(dirname -- "$0")"; export LC_ALL=C; t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; declare -A prev own; n=0
bad() { printf 'BAD %s: %s\n' "$1" "$2" >&2; exit 6; }
b64u() { local s=$1; while ((${#s} % 4)); do s+==; done; printf %s "$s" | basenc -d --base64url; }
hex() { b64u "$1" | basenc -w0 --base16; }
sum() { local s; s=$(sha256sum < "$1"); printf %s "${s%% *}"; }
del() { sed -E 's/(^|[^\\])((\\\\)*)\\u007f/\1\2\x7f/g'; }
canon() { jq -S -c -j . "$1" | del > "$t/canon"; [ "$(sum "$t/canon")" = "$(sum "$1")" ]; }
blob() { printf 'v1/blob/sha256/%s/%s' "${1:0:2}" "$1"; }
store=$(jq -r .id v1/store.json); jq -r '.withheld[]' index.json > "$t/withheld"; declare -A sha body sigs facts left; while IFS= read -r d; do left[x$d]=1; done < "$t/withheld"
sums() { local i; for ((i = 1; i <= $#; i += 1000)); do sha256sum -- "${@:i:1000}"; done; }
while read -r d f; do sha[$f]=$d; done < <(l=(); for f in v1/blob/sha256/*/*; do [ ! -f "$f" ] || l+=("$f"); done; sums "${l[@]}")

# A PK token: our key signed it, its nonce commits to our key (OpenPubkey), the provider signed it. Leaves key, owner and thumbprint in $t.
token() {
  local f x y c nonce kid alg m e body ph ch ps cs; f=$(blob "$1"); { read -r body; read -r ph; read -r ch; read -r ps; read -r cs; } < <(jq -r '[.payload, .signatures[].protected, .signatures[].signature] | if length != 5 or any(tostring | test("[[:cntrl:]]")) then empty else .[] end' "$f") || bad "$f" "unreadable"
  b64u "$ch" > "$t/cic"; b64u "$body" > "$t/id"; read -r x y < <(jq -r '"\(.upk.x) \(.upk.y)"' "$t/cic"); jq -c '[.iss, .sub]' "$t/id" > "$t/$1.who"; printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$x" "$y" | openssl dgst -sha256 -binary | basenc -w0 --base64url | tr -d = > "$t/$1.jkt"; jq -r '.att // ""' "$t/cic" > "$t/$1.att"; jq -r '.nonce // ""' "$t/id" > "$t/$1.nonce"
  printf '3059301306072A8648CE3D020106082A8648CE3D03010703420004%s%s' "$(hex "$x")" "$(hex "$y")" | basenc -d --base16 | openssl pkey -pubin -inform DER -out "$t/$1.pem" 2> /dev/null || bad "$f" "its key is no P-256 key"
  c=$(hex "$cs"); [ ${#c} = 128 ] && openssl asn1parse -genconf <(printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${c:0:64}" "${c:64}") -noout -out "$t/c" && openssl dgst -sha256 -verify "$t/$1.pem" -signature "$t/c" <(printf %s "$ch.$body") > /dev/null 2>&1 || bad "$f" "our signature over the ID token does not hold"
  nonce=$(jq -r '.nonce // ""' "$t/id"); [ -z "$nonce" ] || [ "$nonce" = "$(openssl dgst -sha3-256 -binary "$t/cic" | basenc -w0 --base64url | tr -d =)" ] || bad "$f" "the ID token's nonce does not commit to the key"
  read -r alg kid < <(b64u "$ph" | jq -r '"\(.alg) \(.kid // "")"'); [ "$alg" = RS256 ] || { echo "NOTE $f: the provider's signature is $alg, not RS256; check it with another tool"; return; }
  read -r m e < <(jq -sr --arg kid "$kid" '[.[].keys[] | select(.kty == "RSA" and ($kid == "" or .kid == $kid))][0] | "\(.n) \(.e)"' "${@:2}"); [ "$m" != null ] || bad "$f" "no provider key has its kid"
  openssl asn1parse -genconf <(printf 'asn1=SEQUENCE:k\n[k]\na=SEQUENCE:a\nb=BITWRAP,SEQUENCE:r\n[a]\no=OID:rsaEncryption\nn=NULL\n[r]\nn=INTEGER:0x%s\ne=INTEGER:0x%s\n' "$(hex "$m")" "$(hex "$e")") -noout -out "$t/r"; b64u "$ps" > "$t/ps"; openssl dgst -sha256 -verify <(openssl pkey -pubin -inform DER -in "$t/r") -signature "$t/ps" <(printf %s "$ph.$body") > /dev/null 2>&1 || bad "$f" "the provider's signature does not hold"
}

names='.[] | "request \(.request)", "decision \(.decisions[])", (.consumed // empty | "consumed \(.)")'
# Signed files, many at a time, since a process for each question to each of them would take hours: digests, spelling (each its own canonical
# JSON, on one line), payloads, signatures, and what the payloads say. What cannot be read is found by halves, and named.
said='[.predicate | .key, .store, .identity.pkToken, .identity.jkt, ([.identity.iss, .identity.sub] | tojson), .chain.writer, .chain.seq, .chain.prev, .events.merkleRoot, .events.count]
  + [(.subject | map(select(.name | test("^events(-[1-9][0-9]?)?[.]jsonl[.]gz$")) | [(.name | scan("[0-9]+") // "0" | tonumber), .digest.sha256]) | sort | map(.[1]) | join(" ")),
     (.subject | map(select(.name | test("^jwks")).digest.sha256) | join(" ")), (.subject | map(select(.name == "approvals.json").digest.sha256) | join(" ")),
     (.subject | map(select(.name | endswith(".sigstore.json") | not) | .name, .digest.sha256) | join(" ")),
     ([.predicate | (.approvals // [] | '"$names"'), (.policy.published // empty | "policy \(.digest)"), (select(.kind == "approve").detail | "request \(.request)", "decision \(.decision)")] | join(" "))]
  | map(. // "" | tostring) | if any(test("[[:cntrl:]]")) then "" else join("\u001f") end'
signed() {
  local f i=0 n=$#; local -a p g w
  sed -s '$a\' -- "$@" > "$t/raw" && jq -S -c . "$t/raw" 2> /dev/null | del | cmp -s - "$t/raw" && [ "$(wc -l < "$t/raw")" = "$n" ] && [ "$(wc -c < "$t/raw")" = "$(($(stat -L -c %s -- "$@" | paste -s -d +) + n))" ] &&
    jq -r '.dsseEnvelope | [.payload, .signatures[0].sig] | map(if type == "string" and test("^[A-Za-z0-9+/]+=*$") then . else "-" end) | join(" ")' "$t/raw" > "$t/b64" 2> /dev/null &&
    jq -r '.dsseEnvelope.payload | . as $p | @base64d | if @base64 == $p then . else "" end' "$t/raw" > "$t/payloads" 2> /dev/null && jq -S -c . "$t/payloads" 2> /dev/null | del | cmp -s - "$t/payloads" && [ "$(wc -l < "$t/payloads")" = "$n" ] &&
    jq -r "$said" "$t/payloads" > "$t/facts" 2> /dev/null && [ "$(wc -l < "$t/facts")" = "$n" ] || { [ "$n" != 1 ] || bad "$1" "unreadable, or not its canonical spelling"; signed "${@:1:n / 2}"; signed "${@:n / 2 + 1}"; return; }
  mapfile -t p < "$t/payloads"; mapfile -t g < "$t/b64"; mapfile -t w < "$t/facts"; while read -r i f; do sha[$f]=$i; done < <(sums "$@"); i=0
  for f; do body[$f]=${p[i]}; sigs[$f]=${g[i]#* }; facts[$f]=${w[i]}; i=$((i + 1)); done
}

# A signed file: its place, person and signature. Leaves its payload in $t/p, and what it says.
opened() {
  local f=$1 d name; [ -n "${facts[$f]+x}" ] || signed "$f"; [ -n "${facts[$f]}" ] || bad "$f" "a field holds a control character"
  IFS=$'\x1f' read -r key id pk jkt who w q before root count logs looks uses subjects named <<< "${facts[$f]}"
  [ "$key" = "$f" ] && [ "$id" = "$store" ] || bad "$f" "signed for another place or store"
  for d in $pk $looks $logs $uses; do [[ $d =~ ^[0-9a-f]{64}$ ]] || bad "$f" "it names something by what is no digest"; done; [[ $pk =~ ^[0-9a-f]{64}$ ]] || bad "$f" "it names no PK token"
  while read -r name d; do [[ $d =~ ^[0-9a-f]{64}$ ]] || bad "$f" "it names something by what is no digest"; b=$(blob "$d"); if [ -n "${sha[$b]:-}" ]; then [ "${sha[$b]}" = "$d" ] || bad "$b" "digest differs: $name of $f"; else [ -n "${left[x$d]:-}" ] || bad "$b" "missing: $name of $f"; fi; done < <(set -f; printf '%s %s\n' $subjects)
  [ -e "$t/$pk.pem" ] || { jwks=(); for d in $looks; do jwks+=("$(blob "$d")"); done; [ -z "$pin" ] || jwks=("$pin"); token "$pk" "${jwks[@]}"; }
  [ "$who" = "$(< "$t/$pk.who")" ] && [ "$jkt" = "$(< "$t/$pk.jkt")" ] || bad "$f" "signed in another person's name"
  printf %s "${body[$f]}" > "$t/p"; printf 'DSSEv1 28 application/vnd.in-toto+json %d %s' "${#body[$f]}" "${body[$f]}" > "$t/pae"; base64 -d <<< "${sigs[$f]}" > "$t/s" 2> /dev/null || bad "$f" "unreadable, or not its canonical spelling"
  openssl dgst -sha256 -verify "$t/$pk.pem" -signature "$t/s" "$t/pae" > /dev/null 2>&1 || bad "$f" "signature does not hold"
  [ -z "$tsa" ] || { jq -r '.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp // empty' "$f" | base64 -d > "$t/ts"; [ ! -s "$t/ts" ] || openssl ts -verify -data "$t/s" -in "$t/ts" -token_in -CAfile "$tsa" -no_check_time > /dev/null 2>&1 || bad "$f" "its time stamp does not hold"; }
}

# Logs told in part: a leaf is the hash of a salt and a line, or given as it is. Pair by pair they make the root that the statement signed (RFC 6962).
# Every level is hashed at once, out of a file for each hash: a process for each would take minutes.
hashes() { local i; cd "$t/$1"; shopt -s nullglob; set -- *; for ((i = 1; i <= $#; i += 5000)); do sha256sum -- "${@:i:5000}"; done | cut -c-64; }
told() {
  local f=$1 root=$2 want=$3 l h i d s; shift 3; h=(); rm -rf "$t/leaf"; mkdir "$t/leaf"
  for d; do echo "$d" >> "$t/told"; [ "$(head -n 1 "v1/disclosed/$d" | jq -r .log)" = "$d" ] || bad "v1/disclosed/$d" "it stands for another log"
    while IFS= read -r l; do if [[ $l = +* ]]; then printf -v i %09d "${#h[@]}"; printf '\0%s' "${l:1}" > "$t/leaf/$i"; h+=(""); elif [[ $l =~ ^-[0-9a-f]{64}$ ]]; then h+=("${l:1}"); else bad "v1/disclosed/$d" "an event is neither told nor withheld"; fi; done < <(tail -n +2 "v1/disclosed/$d"); done
  [ "${#h[@]}" = "$want" ] || bad "v1/disclosed/$1" "it tells of another number of events than $f"
  mapfile -t s < <(hashes leaf); i=0; for d in "${!h[@]}"; do [ -n "${h[d]}" ] || h[d]=${s[i++]:-}; done
  while ((${#h[@]} > 1)); do i=${#h[@]}; l=; ((i % 2 == 0)) || l=${h[i - 1]}; rm -rf "$t/node"; mkdir "$t/node"; printf '01%s%s' "${h[@]:0:i - i % 2}" | tr a-f A-F | basenc -d --base16 | split -a 9 -d -b 65 - "$t/node/"; mapfile -t h < <(hashes node); [ -z "$l" ] || h+=("$l"); done
  [ "${h[0]:-}" = "$root" ] || bad "v1/disclosed/$1" "its events are not those that $f signed"
}

# Every statement, each writer's in the order of their numbers. Nine checks:
: > "$t/named"; : > "$t/told"; mapfile -t all < <(printf '%s\n' v1/stmt/*/*/*.sigstore.json | sort -t/ -k4,4 -k5,5); for ((i = 0; i < ${#all[@]}; i += 1000)); do signed "${all[@]:i:1000}"; done
for f in "${all[@]}"; do
  opened "$f"; [[ $w =~ ^[a-z2-7]{16}$ && $q =~ ^(0|[1-9][0-9]{0,9})$ ]] || bad "$f" "it has no place in a chain"
  [ -z "$(< "$t/$pk.att")" ] || bad "$f" "its key was made for one approval, not for a ledger"
  [ "${own[$w]:=$who}" = "$who" ] || bad "$f" "its chain belongs to another person"
  [ -z "${prev[$w]:-}" ] || [ "${prev[$w]}" = "$q $before" ] || bad "$f" "does not follow the statement before it: removed, added or exchanged"; prev[$w]="$((q + 1)) ${sha[$f]}"; n=$((n + 1))
  some=1; for d in $logs; do [ -e "v1/disclosed/$d" ] || some=0; done; [ -z "$logs" ] || [ "$some" = 0 ] || told "$f" "$root" "$count" $logs
  set -f; [ -z "$named" ] || printf '%s %s\n' $named >> "$t/named"; set +f; [ -z "$uses" ] || [ -z "${sha[$(blob "$uses")]:-}" ] || jq -r ".approvals | $names" "$(blob "$uses")" >> "$t/named"
done
for f in v1/disclosed/*; do [ ! -e "$f" ] || grep -qxF "${f##*/}" "$t/told" || bad "$f" "it tells events that nothing signed here proves"; done
[ "$n" = "$(jq '.statements | length' index.json)" ] || bad index.json "it lists another number of statements"
while read -r w h; do [ "${prev[$w]:-}" = "$h" ] || bad index.json "the newest statement of $w is not here"; done < <(jq -r '.heads | to_entries[] | "\(.key) \(.value.seq + 1) \(.value.sha256)"' index.json)

# Every request, answer and use that a session or an approver names: six checks, and that a fresh sign-in was made for this very answer, by somebody else.
declare -A at; for f in v1/appr/*/*/*.sigstore.json v1/policy/*.sigstore.json; do [ ! -e "$f" ] || at[$(sum "$f")]=$f; done; o=0
while read -r kind d; do
  f=${at[$d]:-}; [ -n "$f" ] || { grep -qxF "$d" "$t/withheld" || bad "v1/appr" "missing: the $kind with digest $d"; continue; }; o=$((o + 1)); opened "$f"
  [ "$(jq -r .predicate.kind "$t/p")" = "$kind" ] || bad "$f" "it is no $kind"; [ -n "$(< "$t/$pk.nonce")" ] || bad "$f" "its sign-in does not commit to its key"
  [ "$kind" != policy ] || { att=; [ "$(jq -r .predicate.strength "$t/p")" = session-key ] || { jq -c .predicate.publication "$t/p" > "$t/dec"; canon "$t/dec" || :; att=$(sum "$t/canon"); }; [ "$att" = "$(< "$t/$pk.att")" ] || bad "$f" "its sign-in was made for another version"; continue; }
  [ "$kind" = decision ] || { [ -z "$(< "$t/$pk.att")" ] || bad "$f" "its key was made for one answer"; continue; }
  r=${f%/*}/request.sigstore.json; [ -e "$r" ] || bad "$r" "missing: the request that was answered"; [ "$(jq -r .predicate.decision.request "$t/p")" = "$(sum "$r")" ] || bad "$f" "it answers other bytes than those of its request"
  att=; [ "$(jq -r .predicate.strength "$t/p")" = session-key ] || { jq -c .predicate.decision "$t/p" > "$t/dec"; canon "$t/dec" || :; att=$(sum "$t/canon"); }; [ "$att" = "$(< "$t/$pk.att")" ] || bad "$f" "its sign-in was made for another answer"
  [ "$who" != "$(jq -r .dsseEnvelope.payload "$r" | base64 -d | jq -c '.predicate.identity | [.iss, .sub]')" ] || bad "$f" "the person who asked has answered"
done < <(sort -u "$t/named")
m=$(wc -l < "$t/withheld"); left=; hidden=$(cat v1/disclosed/* 2> /dev/null | grep -c ^- || :); [ "$hidden" = 0 ] || echo "NOTE: $hidden events are withheld; the others of their sessions are those that were signed."; [ "$m" = 0 ] || left=" but $m that index.json says were left out"
[ "$o" = 0 ] || left="$left, and $o requests, answers and uses of approvals"; echo "OK: $n statements hold, with every blob they name$left."
