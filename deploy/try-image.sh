#!/usr/bin/env bash
# Builds and starts the image without a Docker daemon: carries out deploy/Dockerfile line by line in a chroot, with this machine's
# Debian and the checkout's Node in the place of the base image, and then starts it as an orchestrator would: its account, nothing to
# write to but /tmp, no home. Prints its size and says what it could not try.
#
#   DATABASE_URL=postgresql://… deploy/try-image.sh      an empty database that 127.0.0.1 reaches; without it, building alone is tried
#
# Needs Linux and root (chroot, mounts of its own). Elsewhere it says so and ends with 0: use docker build there.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "SKIPPED: $1. Where Docker runs: docker build -f deploy/Dockerfile -t etf ."; exit 0; }
[ "$(uname -s)" = Linux ] || skip 'no Linux'
[ "$(id -u)" = 0 ] || skip 'not root'
[ -d /usr/lib/node_modules/npm ] || skip 'no npm in /usr/lib/node_modules'
node=$(readlink -f node_modules/node/bin/node) && [ -x "$node" ] || skip 'npm install has not brought Node'
if [ -z "${IN_OWN_MOUNTS:-}" ]; then
  unshare -m true 2> /dev/null || skip 'no mounts of our own are allowed'
  IN_OWN_MOUNTS=1 exec unshare -m "$0"
fi
[ "v$(cat .nvmrc)" = "$("$node" --version)" ] || skip "Node here is $("$node" --version), not v$(cat .nvmrc)"

# In memory, and in mounts that nobody else sees and that end with this process: there is nothing to clean up but an empty folder.
image=$(mktemp -d "${TMPDIR:-/tmp}/etf-image-XXXXXX")
started=
finish() {
  [ -z "$started" ] || kill -9 "$started" 2> /dev/null || true
  umount -l "$image" && rmdir "$image"
}
trap finish EXIT
mount --make-rprivate /
mount -t tmpfs -o mode=755,size=1500m tmpfs "$image"

# The base image: this machine's system, read only, and our Node with npm.
mkdir -p "$image"/{usr,dev,proc,tmp,etc,opt/node/bin}
for folder in bin lib lib64 sbin; do [ -L "/$folder" ] && ln -s "$(readlink "/$folder")" "$image/$folder"; done
mount --bind /usr "$image/usr" && mount -o remount,bind,ro "$image/usr"
mount -t proc proc "$image/proc"
for device in null urandom random; do touch "$image/dev/$device" && mount --bind "/dev/$device" "$image/dev/$device"; done
ln -s /proc/self/fd "$image/dev/fd"
cp -rL /etc/ssl /etc/resolv.conf /etc/hosts /etc/nsswitch.conf "$image/etc/" 2> /dev/null || true
cp "$node" "$image/opt/node/bin/node"
for name in npm npx; do ln -s "/usr/lib/node_modules/npm/bin/$name-cli.js" "$image/opt/node/bin/$name"; done
chmod 1777 "$image/tmp"

user=0 folder=/
# What leads to a registry here, as docker build is given it.
mapfile -t reaching < <(env | grep -E '^(NODE_EXTRA_CA_CERTS|https?_proxy|HTTPS?_PROXY|NO_PROXY|no_proxy)=' || true)
inside() { # as the account, in the folder, with nothing else of our environment
  chroot --userspec="$user:$user" "$image" env -i PATH=/opt/node/bin:/usr/bin:/bin "${reaching[@]}" "$@"
}

# Line by line; what a later stage copies stays where it is, so FROM only resets the account.
while IFS= read -r line || [ -n "$line" ]; do
  rest=${line#* }
  case $line in
    '#'* | '') ;;
    FROM*) user=0 ;;
    WORKDIR*) folder=$rest && mkdir -p "$image$folder" ;;
    'COPY --from'*) chown -R root:root "$image$folder" ;;
    COPY*) echo "▸ $line"; read -ra files <<< "$rest"; target=${files[-1]}; unset 'files[-1]'
      for file in "${files[@]}"; do
        if [ -d "$file" ]; then mkdir -p "$image$folder/$target" && cp -r "$file/." "$image$folder/$target/"; else cp "$file" "$image$folder/"; fi
      done ;;
    RUN*) echo "▸ $line"; inside bash -c "cd $folder && $rest" ;;
    USER*) user=${rest%%:*} ;;
    ENV*) variables=$rest ;;
    CMD*) command=$rest ;;
    HEALTHCHECK*) probe=${rest#*CMD } ;;
    EXPOSE*) ;;
    *) echo "deploy/try-image.sh does not know: $line"; exit 1 ;;
  esac
done < deploy/Dockerfile

megabytes() { du -sm --apparent-size "$@" | awk '{ sum += $1 } END { print sum }'; }
echo "▸ $(megabytes "$image$folder") MB of ours ($(megabytes "$image$folder/node_modules") MB of them packages), and node:$(cat .nvmrc)-bookworm-slim beneath"
echo '  (that is Debian’s 75 MB, Node’s program of '"$(megabytes "$image/opt/node/bin/node")"' MB, npm and yarn with 30 MB); the aim is 350 MB in all'

[ -n "${DATABASE_URL:-}" ] || { echo 'NOT TRIED: starting it, for DATABASE_URL is not set'; exit 0; }

# As an orchestrator starts it: everything read only, /tmp in memory, its account, no home.
mount -t tmpfs -o size=256m,mode=1777 tmpfs "$image/tmp"
mount -o remount,ro "$image"
port=${TRY_PORT:-3497}
list() { node_modules/.bin/node -e 'for (const word of JSON.parse(process.argv[1])) console.log(word)' "$1"; }
mapfile -t words < <(list "$command")
read -ra settings <<< "$variables"
settings+=("PORT=$port" HOST=127.0.0.1 "DATABASE_URL=$DATABASE_URL" BASE_URL=https://etf.example.in "SESSION_KEY=$(printf 'ab%.0s' {1..32})"
  CASHFREE_CLIENT_ID=TEST_image CASHFREE_CLIENT_SECRET=cfsk_ma_test_image SMTP_SERVER=127.0.0.1 SENDER_EMAIL=receipts@etf.example.in)
said=$(mktemp)
chroot --userspec="$user:$user" "$image" env -i PATH=/opt/node/bin:/usr/bin:/bin "${settings[@]}" \
  bash -c "cd $folder && exec \"\$@\"" - "${words[@]}" > "$said" 2>&1 &
started=$!
mapfile -t probing < <(list "$probe")
for _ in $(seq 300); do
  kill -0 "$started" 2> /dev/null || { cat "$said"; echo 'It ended instead of starting.'; exit 1; }
  if PORT=$port "${probing[@]}" 2> /dev/null && grep -q '"listening"' "$said"; then break; fi
  sleep 0.2
done
ask() { curl -s -o /dev/null -w '%{http_code}' -H 'Host: etf.example.in' "http://127.0.0.1:$port$1"; }
for path in /healthz /readyz / /login; do echo "  $path $(ask "$path")"; done
[ "$(ask /)$(ask /readyz)" = 200200 ] || { cat "$said"; exit 1; }
echo "▸ runs as uid $(awk '/^Uid/ { print $2 }' "/proc/$started/status"), takes $(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$started/status") MB"
if chroot --userspec="$user:$user" "$image" touch "$folder/x" 2> /dev/null; then echo 'Its folder can be written.'; exit 1; fi
kill -TERM "$started" && wait "$started" && started= && echo '▸ ended with 0 when asked to'
if grep -E '"level":(50|60)' "$said"; then exit 1; fi
rm -f "$said"
