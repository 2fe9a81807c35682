#!/bin/sh
# Succeeds when JetStream works. Alpine has wget, Debian has bash; neither has both by default.
set -eu
if command -v wget >/dev/null; then
  wget -q -O /dev/null http://127.0.0.1:8222/healthz
else
  bash -c 'exec 3<>/dev/tcp/127.0.0.1/8222; printf "GET /healthz HTTP/1.0\r\n\r\n" >&3; read -r _ status _ <&3; [ "$status" = 200 ]'
fi
