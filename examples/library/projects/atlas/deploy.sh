#!/bin/sh
# Roll out atlasd to the machines, one at a time: drain, stop, copy, start, wait until healthy.
set -eu
version=${1:?usage: deploy.sh VERSION}
for host in ber-1 ber-2 ber-3; do
    echo "== $host"
    ssh "$host" "curl -fsS -X POST localhost:8081/drain && systemctl stop atlasd"
    scp "dist/atlasd-$version" "$host:/usr/local/bin/atlasd"
    ssh "$host" "systemctl start atlasd"
    until ssh "$host" "curl -fsS localhost:8081/healthy"; do
        sleep 2
    done
done
