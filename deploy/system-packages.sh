#!/usr/bin/env bash
# What the tests use beyond Python packages; of these video itself uses ffmpeg and janus-tools, for recordings. Root on Debian: installed. Elsewhere: named.
set -euo pipefail
missing=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null ||
  [ -d "/Applications/Google Chrome.app" ] || missing=(chromium)
command -v turnserver >/dev/null || missing+=(coturn)
command -v ffmpeg >/dev/null || missing+=(ffmpeg)
command -v janus >/dev/null || missing+=(janus)
command -v janus-pp-rec >/dev/null || missing+=(janus-tools)
command -v clamd >/dev/null || [ -x /usr/sbin/clamd ] || missing+=(clamav-daemon)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "  installing ${missing[*]} (a minute or two)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
  # Debian starts Janus with a configuration of its own, on every address, and clamd with what freshclam fetches: tests start theirs.
  if [ -d /run/systemd/system ]; then
    if [[ " ${missing[*]} " == *" janus "* ]]; then systemctl disable --quiet --now janus; fi
    if [[ " ${missing[*]} " == *" clamav-daemon "* ]]; then
      systemctl disable --quiet --now clamav-daemon.socket clamav-daemon clamav-freshclam
    fi
  fi
else
  echo "  missing: ${missing[*]}. The tests that need them will say so; install them with your package manager." >&2
fi
